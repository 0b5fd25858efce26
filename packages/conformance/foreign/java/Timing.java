import java.util.List;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Messages that come later: by level, after a time, at a time. */
final class Timing {
    static void cases() {
        Main.add("java.delay.level", "delay level 1, a second", Timing::level);
        Main.add("java.delay.level-too-high", "a level above the highest is the highest", Timing::levelTooHigh);
        Main.add("java.delay.millis", "a delay in milliseconds", Timing::millis);
        Main.add("java.delay.seconds", "a delay in seconds", Timing::seconds);
        Main.add("java.delay.time", "a time of delivery", Timing::time);
        Main.add("java.delay.past", "a time of delivery that is over comes at once", Timing::past);
        Main.add("java.delay.too-far", "a delay of four days is refused", Timing::tooFar);
        Main.add("java.delay.recall", "a recalled message does not come", Timing::recall);
        Main.add("java.delay.recall-nonsense", "a recall with a wrong handle is refused", Timing::recallNonsense);
    }

    /** Sends, and observes what comes, and that it does not come before `least` milliseconds. */
    static void delayed(Lab lab, String topic, Message message, long least) throws Exception {
        SendResult result = Lab.producer.send(message);
        lab.saw("status", result.getSendStatus());
        lab.saw("handle", result.getRecallHandle() != null);
        MessageExt found = Lab.stored(topic, 1).get(0);
        long after = found.getStoreTimestamp() - found.getBornTimestamp();
        // RocketMQ's timers are exact to a second
        Lab.need(after >= least - 1_000, "not before " + least + " ms, but after " + after);
        lab.saw("body", Lab.text(found));
        lab.saw("sysFlag", found.getSysFlag());
        lab.saw("sameId", found.getMsgId().equals(result.getMsgId()));
        lab.saw("properties", Lab.properties(found));
    }

    static void level(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Message message = Lab.message(topic, "later");
        message.setDelayTimeLevel(1);
        delayed(lab, topic, message, 1_000);
    }

    static void levelTooHigh(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Message message = Lab.message(topic, "much later");
        message.setDelayTimeLevel(99);
        SendResult result = Lab.producer.send(message);
        lab.saw("status", result.getSendStatus());
        // it lies in the queue of its level, under the topic of all that is delayed
        MessageExt found = Lab.admin.viewMessage(topic, result.getOffsetMsgId());
        lab.saw("topic", found.getTopic());
        lab.saw("queue", found.getQueueId());
        lab.saw("properties", Lab.properties(found));
        lab.saw("stored", Lab.stored(topic).size());
    }

    static void millis(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Message message = Lab.message(topic, "later");
        message.setDelayTimeMs(2_500);
        delayed(lab, topic, message, 2_500);
    }

    static void seconds(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Message message = Lab.message(topic, "later");
        message.setDelayTimeSec(2);
        delayed(lab, topic, message, 2_000);
    }

    static void time(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Message message = Lab.message(topic, "later");
        message.setDeliverTimeMs(System.currentTimeMillis() + 3_000);
        delayed(lab, topic, message, 3_000);
    }

    static void past(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Message message = Lab.message(topic, "too late");
        message.setDeliverTimeMs(System.currentTimeMillis() - 60_000);
        delayed(lab, topic, message, 0);
    }

    static void tooFar(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Message message = Lab.message(topic, "never");
        message.setDelayTimeSec(4 * 24 * 3_600);
        lab.saw("failure", Main.failure(() -> Lab.producer.send(message)));
        lab.saw("stored", Lab.stored(topic).size());
    }

    static void recall(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Message recalled = Lab.message(topic, "recalled"), kept = Lab.message(topic, "kept");
        recalled.setDelayTimeMs(6_000);
        SendResult result = Lab.producer.send(recalled);
        lab.saw("sameId", Lab.producer.recallMessage(topic, result.getRecallHandle()).equals(result.getMsgId()));
        kept.setDelayTimeMs(7_000);
        Lab.producer.send(kept);
        lab.saw("stored", Lab.texts(Lab.stored(topic, 1)));
    }

    static void recallNonsense(Lab lab) throws Exception {
        String topic = lab.topic(1);
        List<String> failures = List.of(
            Main.failure(() -> Lab.producer.recallMessage(topic, "nonsense")),
            Main.failure(() -> Lab.producer.recallMessage(topic, "")));
        lab.saw("failures", failures);
    }
}
