import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Offsets: what is committed, searched for by time, reset. */
final class Offsets {
    static void cases() {
        Main.add("java.offsets.stats", "what a group has consumed of a topic", Offsets::stats);
        Main.add("java.offsets.persist", "a running consumer commits every five seconds", Offsets::persist);
        Main.add("java.offsets.update", "an offset written and read by a pull consumer", Offsets::update);
        Main.add("java.offsets.unknown", "the offset of a group that has none", Offsets::unknown);
        Main.add("java.offsets.search", "offsets by time, at the ends, in between", Offsets::search);
        Main.add("java.offsets.reset-running", "a reset by time while the group runs", Offsets::resetRunning);
        Main.add("java.offsets.reset-stopped", "a reset by time while the group is stopped", Offsets::resetStopped);
        Main.add("java.offsets.reset-queue", "a reset of one queue to an offset", Offsets::resetQueue);
    }

    /** By queue: what the broker has, and what is consumed. */
    static Map<Integer, List<Long>> committed(String group, String topic) throws Exception {
        Map<Integer, List<Long>> offsets = new TreeMap<>();
        Lab.admin.examineConsumeStats(group, topic).getOffsetTable().forEach((queue, wrapper) ->
            offsets.put(queue.getQueueId(), List.of(wrapper.getBrokerOffset(), wrapper.getConsumerOffset())));
        return offsets;
    }

    static void stats(Lab lab) throws Exception {
        String topic = lab.topic(3);
        Lab.sendTo(topic, 0, "0", "1", "2");
        Lab.sendTo(topic, 2, "3");
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "*");
        Pushing.collect(lab, consumer).await(4);
        consumer.shutdown();
        Lab.sendTo(topic, 2, "4");
        Lab.stored(topic, 5);
        lab.saw("offsets", committed(lab.group(), topic));
        lab.saw("difference", Lab.admin.examineConsumeStats(lab.group(), topic).computeTotalDiff());
    }

    static void persist(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.sendTo(topic, 0, "0", "1", "2");
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "*");
        Pushing.collect(lab, consumer).await(3);
        Lab.until(() -> committed(lab.group(), topic).get(0).get(1) == 3, "the commit");
        lab.saw("offsets", committed(lab.group(), topic));
    }

    static void update(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.sendTo(topic, 0, "0", "1", "2");
        MessageQueue queue = Lab.queue(topic, 0);
        Lab.reader.updateConsumeOffset(queue, 2);
        Lab.reader.getOffsetStore().persistAll(java.util.Set.of(queue));
        Lab.until(() -> Lab.reader.fetchConsumeOffset(queue, true) == 2, "the offset");
        lab.saw("offset", Lab.reader.fetchConsumeOffset(queue, true));
    }

    static void unknown(Lab lab) throws Exception {
        String topic = lab.topic(1);
        MessageQueue queue = Lab.queue(topic, 0);
        lab.saw("empty", Lab.reader.fetchConsumeOffset(queue, true));
        lab.saw("stats", Main.failure(() -> Lab.admin.examineConsumeStats(lab.group(), topic)));
    }

    static void search(Lab lab) throws Exception {
        String topic = lab.topic(2);
        MessageQueue queue = Lab.queue(topic, 0), empty = Lab.queue(topic, 1);
        Lab.sendTo(topic, 0, "0", "1");
        Thread.sleep(200);
        Lab.sendTo(topic, 0, "2", "3");
        List<MessageExt> stored = Lab.stored(topic, 4);
        long second = stored.get(2).getStoreTimestamp();
        lab.saw("ends", List.of(Lab.admin.minOffset(queue), Lab.admin.maxOffset(queue), Lab.admin.minOffset(empty), Lab.admin.maxOffset(empty)));
        lab.saw("at the beginning", Lab.admin.searchOffset(queue, 0));
        lab.saw("in between", Lab.admin.searchOffset(queue, second - 100));
        lab.saw("at it", Lab.admin.searchOffset(queue, second));
        lab.saw("after", Lab.admin.searchOffset(queue, second + 60_000));
        lab.saw("of nothing", Lab.admin.searchOffset(empty, second));
        lab.saw("earliest", Lab.admin.earliestMsgStoreTime(queue) == stored.get(0).getStoreTimestamp());
        lab.saw("earliest of nothing", Lab.admin.earliestMsgStoreTime(empty));
    }

    /** Two messages in each of two queues, a pause, and two more; the time of the pause. */
    static long two(String topic) throws Exception {
        for (int queue = 0; queue < 2; queue++) Lab.sendTo(topic, queue, queue + " old 0", queue + " old 1");
        Thread.sleep(300);
        long time = System.currentTimeMillis();
        Thread.sleep(300);
        for (int queue = 0; queue < 2; queue++) Lab.sendTo(topic, queue, queue + " new 0", queue + " new 1");
        Lab.stored(topic, 8);
        return time;
    }

    static void resetRunning(Lab lab) throws Exception {
        String topic = lab.topic(2);
        long time = two(topic);
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "*");
        Lab.Inbox inbox = Pushing.collect(lab, consumer);
        inbox.await(8);
        // the broker looks at what is committed
        Lab.until(() -> Lab.admin.examineConsumeStats(lab.group(), topic).computeTotalDiff() == 0, "the commit");
        Map<Integer, Long> told = new TreeMap<>();
        Lab.admin.resetOffsetByTimestamp(topic, lab.group(), time, true).forEach((queue, offset) -> told.put(queue.getQueueId(), offset));
        lab.saw("told", told);
        Lab.until(() -> inbox.size() >= 12, "the messages of after that time, again; got " + inbox.size());
        lab.saw("received", Lab.sorted(inbox.await(12)));
    }

    static DefaultMQPushConsumer consumed(Lab lab, String topic) throws Exception {
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "*");
        Pushing.collect(lab, consumer).await(8);
        consumer.shutdown();
        lab.saw("before", committed(lab.group(), topic));
        DefaultMQPushConsumer next = lab.consumer(lab.group());
        next.subscribe(topic, "*");
        return next;
    }

    static void resetStopped(Lab lab) throws Exception {
        String topic = lab.topic(2);
        long time = two(topic);
        DefaultMQPushConsumer next = consumed(lab, topic);
        List<String> told = new ArrayList<>();
        Lab.admin.resetOffsetByTimestampOld(lab.group(), topic, time, true).forEach(one ->
            told.add(one.getQueueId() + " " + one.getBrokerOffset() + " " + one.getConsumerOffset() + " " + one.getTimestampOffset() + " " + one.getRollbackOffset()));
        lab.saw("told", told.stream().sorted().toList());
        lab.saw("after", committed(lab.group(), topic));
        lab.saw("received", Lab.sorted(Pushing.collect(lab, next).await(4)));
    }

    static void resetQueue(Lab lab) throws Exception {
        String topic = lab.topic(2);
        two(topic);
        DefaultMQPushConsumer next = consumed(lab, topic);
        Lab.admin.resetOffsetByQueueId(Lab.broker, lab.group(), topic, 1, 3);
        lab.saw("after", committed(lab.group(), topic));
        lab.saw("received", Lab.sorted(Pushing.collect(lab, next).await(1)));
    }
}
