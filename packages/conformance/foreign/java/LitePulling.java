import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** The consumer that polls. */
final class LitePulling {
    static void cases() {
        Main.add("java.poll.subscribe", "polls a topic", LitePulling::subscribe);
        Main.add("java.poll.tags", "polls with tags", LitePulling::tags);
        Main.add("java.poll.sql", "polls with SQL92", LitePulling::sql);
        Main.add("java.poll.assign", "polls assigned queues from an offset", LitePulling::assign);
        Main.add("java.poll.seek", "seeks back, to the beginning, to the end", LitePulling::seek);
        Main.add("java.poll.pause", "a paused queue brings nothing", LitePulling::pause);
        Main.add("java.poll.commit", "commits, and another one goes on there", LitePulling::commit);
        Main.add("java.poll.auto-commit", "commits by itself", LitePulling::autoCommit);
        Main.add("java.poll.two", "two members share the queues", LitePulling::two);
    }

    static DefaultLitePullConsumer consumer(Lab lab, String name) {
        DefaultLitePullConsumer consumer = new DefaultLitePullConsumer(lab.group());
        consumer.setNamesrvAddr(Lab.namesrv);
        consumer.setInstanceName(lab.name() + name);
        consumer.setMqClientApiTimeout(Lab.PATIENCE);
        consumer.setPollNameServerInterval(1_000);
        consumer.setHeartbeatBrokerInterval(1_000);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setPullThreadNums(2);
        consumer.setAutoCommit(false);
        lab.atEnd(consumer::shutdown);
        return consumer;
    }

    /** Polls until so many have come, and once more for what must not come. */
    static List<MessageExt> poll(DefaultLitePullConsumer consumer, int count) throws Exception {
        List<MessageExt> found = new ArrayList<>();
        Lab.until(() -> {
            found.addAll(consumer.poll(500));
            return found.size() >= count;
        }, count + " polled");
        found.addAll(consumer.poll(500));
        return found;
    }

    static void subscribe(Lab lab) throws Exception {
        String topic = lab.topic(4);
        Lab.send(topic, 12);
        DefaultLitePullConsumer consumer = consumer(lab, "");
        consumer.subscribe(topic, "*");
        consumer.start();
        lab.saw("polled", Lab.sorted(poll(consumer, 12)));
        Lab.sendTo(topic, 1, "live");
        lab.saw("live", Lab.texts(poll(consumer, 1)));
        lab.saw("assignment", consumer.assignment().size());
    }

    static void tags(Lab lab) throws Exception {
        String topic = lab.topic(2);
        for (String tag : List.of("a", "b", "c", "a")) Lab.producer.send(new Message(topic, tag, Lab.bytes(tag)));
        DefaultLitePullConsumer consumer = consumer(lab, "");
        consumer.subscribe(topic, "a || c");
        consumer.start();
        lab.saw("polled", Lab.sorted(poll(consumer, 3)));
    }

    static void sql(Lab lab) throws Exception {
        String topic = lab.topic(2);
        for (int i = 0; i < 6; i++) {
            Message message = Lab.message(topic, "" + i);
            message.putUserProperty("number", "" + i);
            Lab.producer.send(message);
        }
        DefaultLitePullConsumer consumer = consumer(lab, "");
        consumer.subscribe(topic, MessageSelector.bySql("number NOT BETWEEN 1 AND 4"));
        consumer.start();
        lab.saw("polled", Lab.sorted(poll(consumer, 2)));
    }

    static DefaultLitePullConsumer assigned(Lab lab, String name, MessageQueue... queues) throws Exception {
        DefaultLitePullConsumer consumer = consumer(lab, name);
        consumer.start();
        consumer.assign(List.of(queues));
        return consumer;
    }

    static void assign(Lab lab) throws Exception {
        String topic = lab.topic(2);
        Lab.sendTo(topic, 0, "0", "1", "2", "3");
        Lab.sendTo(topic, 1, "other");
        Lab.stored(topic, 5);
        MessageQueue queue = Lab.queue(topic, 0);
        DefaultLitePullConsumer consumer = assigned(lab, "", queue);
        consumer.seek(queue, 2);
        lab.saw("polled", Lab.texts(poll(consumer, 2)));
        lab.saw("queues", consumer.fetchMessageQueues(topic).size());
        lab.saw("time", List.of(consumer.offsetForTimestamp(queue, 0L), consumer.offsetForTimestamp(queue, System.currentTimeMillis() + 60_000)));
    }

    static void seek(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.sendTo(topic, 0, "0", "1", "2", "3");
        MessageQueue queue = Lab.queue(topic, 0);
        DefaultLitePullConsumer consumer = assigned(lab, "", queue);
        consumer.seekToBegin(queue);
        lab.saw("begin", Lab.texts(poll(consumer, 4)));
        consumer.seek(queue, 1);
        lab.saw("back", Lab.texts(poll(consumer, 3)));
        Lab.stored(topic, 4);
        consumer.seekToEnd(queue);
        Lab.sendTo(topic, 0, "new");
        lab.saw("end", Lab.texts(poll(consumer, 1)));
        lab.saw("too far", Main.failure(() -> consumer.seek(queue, 100)));
    }

    static void pause(Lab lab) throws Exception {
        String topic = lab.topic(2);
        MessageQueue open = Lab.queue(topic, 0), paused = Lab.queue(topic, 1);
        Lab.sendTo(topic, 0, "open");
        Lab.sendTo(topic, 1, "paused");
        DefaultLitePullConsumer consumer = consumer(lab, "");
        consumer.start();
        consumer.pause(List.of(paused));
        consumer.assign(List.of(open, paused));
        consumer.pause(List.of(paused));
        consumer.seekToBegin(open);
        lab.saw("paused", Lab.texts(poll(consumer, 1)).contains("open"));
        consumer.seekToBegin(paused);
        consumer.resume(List.of(paused));
        Lab.until(() -> Lab.texts(consumer.poll(500)).contains("paused"), "the resumed queue");
        lab.saw("resumed", true);
    }

    static void commit(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.sendTo(topic, 0, "0", "1", "2", "3");
        MessageQueue queue = Lab.queue(topic, 0);
        DefaultLitePullConsumer first = assigned(lab, "1", queue);
        first.seekToBegin(queue);
        poll(first, 4);
        first.commit(Map.of(queue, 3L), true);
        Lab.until(() -> first.committed(queue) == 3, "the commit");
        lab.saw("committed", first.committed(queue));
        first.shutdown();
        DefaultLitePullConsumer second = consumer(lab, "2");
        second.subscribe(topic, "*");
        second.start();
        lab.saw("goes on", Lab.texts(poll(second, 1)));
    }

    static void autoCommit(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.sendTo(topic, 0, "0", "1", "2");
        DefaultLitePullConsumer consumer = consumer(lab, "");
        consumer.setAutoCommit(true);
        consumer.setAutoCommitIntervalMillis(1_000);
        consumer.subscribe(topic, "*");
        consumer.start();
        poll(consumer, 3);
        Lab.until(() -> {
            consumer.poll(100);
            return consumer.committed(Lab.queue(topic, 0)) == 3;
        }, "the commit");
        consumer.shutdown();
        lab.saw("committed", Offsets.committed(lab.group(), topic));
    }

    static void two(Lab lab) throws Exception {
        String topic = lab.topic(4);
        List<DefaultLitePullConsumer> members = List.of(consumer(lab, "1"), consumer(lab, "2"));
        for (DefaultLitePullConsumer member : members) {
            member.subscribe(topic, "*");
            member.start();
        }
        Lab.until(() -> members.get(0).assignment().size() == 2 && members.get(1).assignment().size() == 2, "two queues each");
        Lab.send(topic, 8);
        for (int i = 0; i < 2; i++) lab.saw("member " + i, poll(members.get(i), 4).size());
    }
}
