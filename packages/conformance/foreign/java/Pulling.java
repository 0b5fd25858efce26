import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageQueue;

/** Single pulls, and what the broker answers to each. */
final class Pulling {
    static void cases() {
        Main.add("java.pull.statuses", "found, nothing new, nothing that matches, no such offset", Pulling::statuses);
        Main.add("java.pull.held", "a pull that waits gets what comes", Pulling::held);
        Main.add("java.pull.limit", "a pull brings at most 32 messages", Pulling::limit);
        Main.add("java.pull.bytes", "a pull brings at most 256 KiB", Pulling::bytes);
        Main.add("java.pull.filtered", "pulls with tags and with SQL92", Pulling::filtered);
        Main.add("java.pull.no-topic", "a pull of a topic that is not there is refused", Pulling::noTopic);
        Main.add("java.pull.no-queue", "a pull of a queue that is not there is refused", Pulling::noQueue);
    }

    static Object answer(PullResult result) {
        return Map.of(
            "status", result.getPullStatus(), "next", result.getNextBeginOffset(), "min", result.getMinOffset(),
            "max", result.getMaxOffset(), "found", result.getMsgFoundList() == null ? List.of() : Lab.texts(result.getMsgFoundList()));
    }

    static void statuses(Lab lab) throws Exception {
        String topic = lab.topic(1);
        MessageQueue queue = Lab.queue(topic, 0);
        lab.saw("empty", answer(Lab.reader.pull(queue, "*", 0, 32)));
        lab.saw("beyond empty", answer(Lab.reader.pull(queue, "*", 7, 32)));
        for (int i = 0; i < 6; i++) Lab.send(new Message(topic, i < 3 ? "a" : "b", Lab.bytes("" + i)), queue);
        Lab.stored(topic, 6);
        lab.saw("all", answer(Lab.reader.pull(queue, "*", 0, 32)));
        lab.saw("two", answer(Lab.reader.pull(queue, "*", 1, 2)));
        lab.saw("at the end", answer(Lab.reader.pull(queue, "*", 6, 32)));
        lab.saw("beyond", answer(Lab.reader.pull(queue, "*", 100, 32)));
        lab.saw("by tag", answer(Lab.reader.pull(queue, "b", 0, 32)));
        lab.saw("no match", answer(Lab.reader.pull(queue, "none", 0, 32)));
    }

    static void held(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Thread later = new Thread(() -> {
            try {
                Thread.sleep(700);
                Lab.sendTo(topic, 0, "late");
            } catch (Exception failure) {
                failure.printStackTrace();
            }
        });
        later.start();
        lab.saw("answer", answer(Lab.reader.pullBlockIfNotFound(Lab.queue(topic, 0), "*", 0, 32)));
        later.join();
    }

    static void limit(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.send(topic, 40);
        // what is stored is found a moment later
        Lab.stored(topic, 40);
        PullResult result = Lab.reader.pull(Lab.queue(topic, 0), "*", 0, 64);
        lab.saw("found", List.of(result.getMsgFoundList().size(), result.getNextBeginOffset(), result.getMaxOffset()));
    }

    static void bytes(Lab lab) throws Exception {
        String topic = lab.topic(1);
        for (int i = 0; i < 6; i++) Lab.producer.send(new Message(topic, Sending.noise(100_000)));
        Lab.stored(topic, 6);
        List<Object> found = new ArrayList<>();
        for (long offset = 0; offset < 6;) {
            PullResult result = Lab.reader.pull(Lab.queue(topic, 0), "*", offset, 32);
            found.add(result.getMsgFoundList().size());
            offset = result.getNextBeginOffset();
        }
        lab.saw("found", found);
    }

    static void filtered(Lab lab) throws Exception {
        String topic = lab.topic(1);
        for (int i = 0; i < 6; i++) {
            Message message = new Message(topic, i % 2 == 0 ? "even" : "odd", Lab.bytes("" + i));
            message.putUserProperty("number", "" + i);
            Lab.producer.send(message);
        }
        Lab.stored(topic, 6);
        MessageQueue queue = Lab.queue(topic, 0);
        lab.saw("tags", answer(Lab.reader.pull(queue, "odd || none", 0, 32)));
        lab.saw("sql", answer(Lab.reader.pull(queue, MessageSelector.bySql("number >= 4"), 0, 32)));
        lab.saw("sql, no match", answer(Lab.reader.pull(queue, MessageSelector.bySql("number > 9"), 0, 32)));
        lab.saw("wrong", Main.failure(() -> Lab.reader.pull(queue, MessageSelector.bySql("number >"), 0, 32)));
    }

    static void noTopic(Lab lab) {
        lab.saw("failure", Main.failure(() -> Lab.reader.pull(Lab.queue(lab.name(), 0), "*", 0, 32)));
    }

    static void noQueue(Lab lab) throws Exception {
        String topic = lab.topic(2);
        lab.saw("failure", Main.failure(() -> Lab.reader.pull(Lab.queue(topic, 9), "*", 0, 32)));
    }
}
