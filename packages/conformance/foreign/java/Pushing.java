import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.producer.selector.SelectMessageQueueByHash;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.remoting.protocol.heartbeat.MessageModel;

/** Push consumers that succeed: concurrent, orderly, broadcasting, filtering. */
final class Pushing {
    static void cases() {
        Main.add("java.push.concurrent", "a concurrent consumer gets each message once", Pushing::concurrent);
        Main.add("java.push.batch", "a listener that takes eight at once", Pushing::batch);
        Main.add("java.push.orderly", "an orderly consumer gets each key in its order", Pushing::orderly);
        Main.add("java.push.live", "messages that are sent after the start", Pushing::live);
        Main.add("java.push.two-topics", "one consumer, two topics", Pushing::twoTopics);
        Main.add("java.push.two-groups", "each of two groups gets everything", Pushing::twoGroups);
        Main.add("java.push.broadcast", "each of two broadcasting members gets everything", Pushing::broadcast);
        Main.add("java.push.suspend", "nothing comes while suspended, all comes after it", Pushing::suspend);
        Main.add("java.push.unsubscribe", "nothing comes of a topic that is given up", Pushing::unsubscribe);
        Main.add("java.filter.tags", "two tags of several", Pushing::tags);
        Main.add("java.filter.twins", "a tag whose hash is another's", Pushing::twins);
        Main.add("java.filter.sql", "SQL92: numbers, text, ranges, NULL", Pushing::sql);
        Main.add("java.filter.sql-tags", "SQL92 over TAGS", Pushing::sqlTags);
        Main.add("java.filter.sql-wrong", "an expression that is none is refused", Pushing::sqlWrong);
    }

    /** Starts a consumer that takes everything. */
    static Lab.Inbox collect(Lab lab, DefaultMQPushConsumer consumer) throws Exception {
        Lab.Inbox inbox = new Lab.Inbox();
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(inbox::add);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        lab.start(consumer);
        return inbox;
    }

    static Lab.Inbox collect(Lab lab, String topic, String tags) throws Exception {
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, tags);
        return collect(lab, consumer);
    }

    static void concurrent(Lab lab) throws Exception {
        String topic = lab.topic(4);
        Lab.send(topic, 20);
        List<MessageExt> all = collect(lab, topic, "*").await(20);
        lab.saw("received", Lab.sorted(all));
        lab.saw("reconsumed", all.stream().mapToInt(MessageExt::getReconsumeTimes).sum());
        lab.saw("properties", Lab.properties(all.get(0)));
        lab.saw("queues", all.stream().map(MessageExt::getQueueId).distinct().count());
    }

    static void batch(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.send(topic, 16);
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "*");
        consumer.setConsumeMessageBatchMaxSize(8);
        Lab.Inbox inbox = new Lab.Inbox();
        List<Integer> sizes = java.util.Collections.synchronizedList(new ArrayList<>());
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            sizes.add(messages.size());
            messages.forEach(inbox::add);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        lab.start(consumer);
        lab.saw("received", Lab.sorted(inbox.await(16)));
        lab.saw("sizes", sizes);
    }

    static void orderly(Lab lab) throws Exception {
        String topic = lab.topic(4);
        for (int i = 0; i < 24; i++) {
            String key = "key-" + i % 6;
            Lab.producer.send(new Message(topic, key, Lab.bytes(String.valueOf(i))), new SelectMessageQueueByHash(), key);
        }
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "*");
        Lab.Inbox inbox = new Lab.Inbox();
        Map<Integer, AtomicInteger> running = new ConcurrentHashMap<>();
        AtomicInteger together = new AtomicInteger();
        consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
            AtomicInteger inside = running.computeIfAbsent(context.getMessageQueue().getQueueId(), id -> new AtomicInteger());
            together.accumulateAndGet(inside.incrementAndGet(), Math::max);
            messages.forEach(inbox::add);
            inside.decrementAndGet();
            return ConsumeOrderlyStatus.SUCCESS;
        });
        lab.start(consumer);
        Map<String, List<String>> byKey = new TreeMap<>();
        for (MessageExt message : inbox.await(24)) {
            byKey.computeIfAbsent(message.getTags(), key -> new ArrayList<>()).add(Lab.text(message));
        }
        lab.saw("byKey", byKey);
        lab.saw("atOnce", together.get());
    }

    static void live(Lab lab) throws Exception {
        String topic = lab.topic(4);
        Lab.Inbox inbox = collect(lab, topic, "*");
        Thread.sleep(1_000);
        Lab.send(topic, 8);
        lab.saw("received", Lab.sorted(inbox.await(8)));
    }

    static void twoTopics(Lab lab) throws Exception {
        String one = lab.topic("-1", 2, 6), two = lab.topic("-2", 2, 6);
        Lab.send(one, 4);
        Lab.send(two, 3);
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(one, "*");
        consumer.subscribe(two, "*");
        Map<String, Integer> counts = new TreeMap<>();
        for (MessageExt message : collect(lab, consumer).await(7)) counts.merge(Lab.plain(message.getTopic()), 1, Integer::sum);
        lab.saw("received", counts);
    }

    static void twoGroups(Lab lab) throws Exception {
        String topic = lab.topic(2);
        Lab.send(topic, 6);
        for (int i = 0; i < 2; i++) {
            DefaultMQPushConsumer consumer = lab.consumer(lab.group() + i);
            consumer.subscribe(topic, "*");
            lab.saw("group " + i, Lab.sorted(collect(lab, consumer).await(6)));
        }
    }

    static void broadcast(Lab lab) throws Exception {
        String topic = lab.topic(3);
        Lab.send(topic, 6);
        List<Lab.Inbox> inboxes = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            DefaultMQPushConsumer consumer = lab.consumer(lab.group());
            consumer.setMessageModel(MessageModel.BROADCASTING);
            consumer.subscribe(topic, "*");
            inboxes.add(collect(lab, consumer));
        }
        for (int i = 0; i < 2; i++) lab.saw("member " + i, Lab.sorted(inboxes.get(i).await(6)));
        // it keeps its own offsets: the broker has none of this group
        lab.saw("committed", Main.failure(() -> Lab.admin.examineConsumeStats(lab.group(), topic)));
    }

    static void suspend(Lab lab) throws Exception {
        String topic = lab.topic(1);
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "*");
        Lab.Inbox inbox = collect(lab, consumer);
        Lab.sendTo(topic, 0, "before");
        inbox.await(1);
        consumer.suspend();
        // a pull that the broker holds already brings this one
        Lab.sendTo(topic, 0, "held");
        inbox.await(2);
        Lab.sendTo(topic, 0, "suspended");
        Thread.sleep(1_500);
        lab.saw("suspended", Lab.texts(inbox.all()));
        consumer.resume();
        lab.saw("resumed", Lab.texts(inbox.await(3)));
    }

    static void unsubscribe(Lab lab) throws Exception {
        String one = lab.topic("-1", 1, 6), two = lab.topic("-2", 1, 6);
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(one, "*");
        consumer.subscribe(two, "*");
        Lab.Inbox inbox = collect(lab, consumer);
        Lab.sendTo(one, 0, "one");
        Lab.sendTo(two, 0, "two");
        inbox.await(2);
        consumer.unsubscribe(one);
        // by the next rebalance it has given up its queue
        Lab.until(() -> consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet().stream()
            .noneMatch(queue -> queue.getTopic().equals(one)), "the queue given up");
        Lab.sendTo(one, 0, "three");
        Lab.sendTo(two, 0, "four");
        lab.saw("received", Lab.sorted(inbox.await(3)));
    }

    static void tags(Lab lab) throws Exception {
        String topic = lab.topic(2);
        for (String tag : new String[] {"a", "b", "c", null, "a", "A", "ab"}) {
            Lab.producer.send(new Message(topic, tag, Lab.bytes(String.valueOf(tag))));
        }
        lab.saw("received", Lab.sorted(collect(lab, topic, "a || b").await(3)));
    }

    static void twins(Lab lab) throws Exception {
        String topic = lab.topic(1);
        // "Aa" and "BB" have one hash: the broker lets both pass, the client only one
        for (String tag : List.of("Aa", "BB", "Aa")) Lab.producer.send(new Message(topic, tag, Lab.bytes(tag)));
        lab.saw("received", Lab.texts(collect(lab, topic, "BB").await(1)));
        var result = Lab.reader.pull(Lab.queue(topic, 0), "BB", 0, 32, Lab.PATIENCE);
        lab.saw("pulled", List.of(result.getPullStatus(), result.getNextBeginOffset(), Lab.texts(result.getMsgFoundList())));
    }

    static Lab.Inbox bySql(Lab lab, String topic, String suffix, String expression) throws Exception {
        DefaultMQPushConsumer consumer = lab.consumer(lab.group() + suffix);
        consumer.subscribe(topic, MessageSelector.bySql(expression));
        return collect(lab, consumer);
    }

    static void sql(Lab lab) throws Exception {
        String topic = lab.topic(2);
        for (int i = 0; i < 8; i++) {
            Message message = Lab.message(topic, String.valueOf(i));
            message.putUserProperty("number", String.valueOf(i));
            if (i % 2 == 0) message.putUserProperty("colour", i % 4 == 0 ? "red" : "blue");
            Lab.producer.send(message);
        }
        lab.saw("range", Lab.sorted(bySql(lab, topic, "1", "number BETWEEN 2 AND 4 OR number > 6").await(4)));
        lab.saw("text", Lab.sorted(bySql(lab, topic, "2", "colour IN ('red', 'green') AND number <> 0").await(1)));
        lab.saw("null", Lab.sorted(bySql(lab, topic, "3", "colour IS NULL AND number <= 3").await(2)));
    }

    static void sqlTags(Lab lab) throws Exception {
        String topic = lab.topic(1);
        for (String tag : List.of("a", "b", "c")) Lab.producer.send(new Message(topic, tag, Lab.bytes(tag)));
        lab.saw("received", Lab.sorted(bySql(lab, topic, "", "TAGS IS NOT NULL AND TAGS IN ('a', 'c')").await(2)));
    }

    static void sqlWrong(Lab lab) throws Exception {
        String topic = lab.topic(1);
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, MessageSelector.bySql("number > > 3"));
        lab.saw("failure", Main.failure(() -> collect(lab, consumer)));
    }
}
