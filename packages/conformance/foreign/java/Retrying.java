import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Listeners that fail: redelivery, its counts, dead letters. */
final class Retrying {
    static void cases() {
        Main.add("java.retry.concurrent", "fails twice: delivered again with its count", Retrying::concurrent);
        Main.add("java.retry.throws", "a listener that throws", Retrying::throwing);
        Main.add("java.retry.part", "of a batch only what was not acknowledged comes again", Retrying::part);
        Main.add("java.retry.dead-letter", "after its last retry it is a dead letter", Retrying::deadLetter);
        Main.add("java.retry.dead-letter-at-once", "a delay level of -1 makes it a dead letter at once", Retrying::atOnce);
        Main.add("java.retry.send-back", "sent back by hand", Retrying::sendBack);
        Main.add("java.retry.orderly-suspend", "an orderly listener that suspends keeps the order", Retrying::orderlySuspend);
        Main.add("java.retry.orderly-dead-letter", "an orderly message that fails too often is a dead letter", Retrying::orderlyDeadLetter);
    }

    /** A delivery: body, topic, count, and all properties. */
    static Object delivery(MessageExt message) {
        return Map.of(
            "body", Lab.text(message), "topic", Lab.plain(message.getTopic()), "times", message.getReconsumeTimes(),
            "properties", Lab.properties(message));
    }

    static List<Object> deliveries(List<MessageExt> messages) {
        List<Object> deliveries = new ArrayList<>();
        for (MessageExt message : messages) deliveries.add(delivery(message));
        return deliveries;
    }

    static Message message(String topic, String body) {
        Message message = new Message(topic, "tag", "key", Lab.bytes(body));
        message.putUserProperty("number", "1");
        return message;
    }

    static void deadLetters(Lab lab, int count) throws Exception {
        lab.saw("deadLetters", deliveries(Lab.stored("%DLQ%" + lab.group(), count)));
    }

    static void concurrent(Lab lab) throws Exception {
        String topic = lab.topic(1);
        String id = Lab.producer.send(message(topic, "fails")).getMsgId();
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "tag");
        List<Object> seen = Collections.synchronizedList(new ArrayList<>());
        Lab.Inbox inbox = new Lab.Inbox();
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            MessageExt message = messages.get(0);
            seen.add(delivery(message));
            inbox.add(message);
            context.setDelayLevelWhenNextConsume(1);
            return message.getReconsumeTimes() < 2 ? ConsumeConcurrentlyStatus.RECONSUME_LATER : ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        lab.start(consumer);
        lab.saw("sameId", inbox.await(3).stream().allMatch(message -> message.getMsgId().equals(id)));
        lab.saw("deliveries", seen);
    }

    static void throwing(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.producer.send(message(topic, "throws"));
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "*");
        Lab.Inbox inbox = new Lab.Inbox();
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            inbox.add(messages.get(0));
            context.setDelayLevelWhenNextConsume(1);
            if (messages.get(0).getReconsumeTimes() == 0) throw new IllegalStateException("as it is meant");
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        lab.start(consumer);
        lab.saw("times", inbox.await(2).stream().map(MessageExt::getReconsumeTimes).toList());
    }

    static void part(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.sendTo(topic, 0, "0", "1", "2", "3");
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "*");
        consumer.setConsumeMessageBatchMaxSize(4);
        Lab.Inbox inbox = new Lab.Inbox();
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(inbox::add);
            context.setDelayLevelWhenNextConsume(1);
            if (messages.size() == 4) context.setAckIndex(1);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        lab.start(consumer);
        lab.saw("received", inbox.await(6).stream().map(message -> Lab.text(message) + " " + message.getReconsumeTimes()).sorted().toList());
    }

    static DefaultMQPushConsumer failing(Lab lab, String topic, int level) throws Exception {
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "*");
        consumer.setMaxReconsumeTimes(1);
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            context.setDelayLevelWhenNextConsume(level);
            return ConsumeConcurrentlyStatus.RECONSUME_LATER;
        });
        lab.start(consumer);
        return consumer;
    }

    static void deadLetter(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.producer.send(message(topic, "fails"));
        failing(lab, topic, 1);
        deadLetters(lab, 1);
    }

    static void atOnce(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.producer.send(message(topic, "fails"));
        failing(lab, topic, -1);
        deadLetters(lab, 1);
    }

    static void sendBack(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.producer.send(message(topic, "sent back"));
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "*");
        Lab.Inbox inbox = new Lab.Inbox();
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            try {
                if (messages.get(0).getReconsumeTimes() == 0) consumer.sendMessageBack(messages.get(0), 2);
            } catch (Exception failure) {
                failure.printStackTrace();
            }
            inbox.add(messages.get(0));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        lab.start(consumer);
        List<MessageExt> all = inbox.await(2);
        lab.saw("deliveries", deliveries(all));
        long between = all.get(1).getStoreTimestamp() - all.get(0).getStoreTimestamp();
        lab.saw("late", between >= 5_000);
    }

    static void orderlySuspend(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.sendTo(topic, 0, "0", "1", "2");
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "*");
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
            MessageExt message = messages.get(0);
            seen.add(Lab.text(message) + " " + message.getReconsumeTimes());
            context.setSuspendCurrentQueueTimeMillis(100);
            return Lab.text(message).equals("1") && message.getReconsumeTimes() < 2
                ? ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT : ConsumeOrderlyStatus.SUCCESS;
        });
        lab.start(consumer);
        Lab.until(() -> seen.contains("2 0"), "the last message");
        lab.saw("received", seen);
    }

    static void orderlyDeadLetter(Lab lab) throws Exception {
        String topic = lab.topic(1);
        for (String body : List.of("fails", "goes on")) Lab.producer.send(message(topic, body));
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "*");
        consumer.setMaxReconsumeTimes(1);
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
            MessageExt message = messages.get(0);
            seen.add(Lab.text(message) + " " + message.getReconsumeTimes());
            context.setSuspendCurrentQueueTimeMillis(100);
            return Lab.text(message).equals("fails") ? ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT : ConsumeOrderlyStatus.SUCCESS;
        });
        lab.start(consumer);
        Lab.until(() -> seen.contains("goes on 0"), "the next message");
        lab.saw("received", seen);
        deadLetters(lab, 1);
    }
}
