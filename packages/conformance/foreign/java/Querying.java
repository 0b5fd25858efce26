import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Messages looked up, and consumers looked at. */
final class Querying {
    static void cases() {
        Main.add("java.query.key", "messages by key", Querying::key);
        Main.add("java.query.id", "a message by its address", Querying::id);
        Main.add("java.query.unique-key", "a message by its unique key", Querying::uniqueKey);
        Main.add("java.query.nothing", "looked up in vain", Querying::nothing);
        Main.add("java.query.direct", "a message handed to a running consumer", Querying::direct);
        Main.add("java.query.running", "what a running consumer tells of itself", Querying::running);
        Main.add("java.query.topic", "statistics of a topic", Querying::topic);
        Main.add("java.query.track", "who has consumed a message", Querying::track);
    }

    static long now() {
        return System.currentTimeMillis();
    }

    static List<String> byKey(String topic, String key) throws Exception {
        try {
            return Lab.sorted(Lab.admin.queryMessage(topic, key, 32, now() - 600_000, now() + 600_000).getMessageList());
        } catch (org.apache.rocketmq.client.exception.MQClientException none) {
            return List.of();
        }
    }

    static void key(Lab lab) throws Exception {
        String topic = lab.topic(2);
        Lab.producer.send(new Message(topic, "", "one shared", Lab.bytes("0")));
        Lab.producer.send(new Message(topic, "", "shared", Lab.bytes("1")));
        Lab.producer.send(new Message(topic, "", "other", Lab.bytes("2")));
        // the index is written a little later
        Lab.until(() -> !byKey(topic, "other").isEmpty(), "the index");
        lab.saw("one", byKey(topic, "one"));
        lab.saw("shared", byKey(topic, "shared"));
        lab.saw("none", byKey(topic, "none"));
    }

    static Object described(MessageExt message) {
        return Map.of(
            "body", Lab.text(message), "topic", Lab.plain(message.getTopic()), "queue", message.getQueueId(),
            "offset", message.getQueueOffset(), "properties", Lab.properties(message));
    }

    static void id(Lab lab) throws Exception {
        String topic = lab.topic(1);
        SendResult result = Lab.producer.send(Retrying.message(topic, "found"));
        MessageExt found = Lab.admin.viewMessage(topic, result.getOffsetMsgId());
        lab.saw("found", described(found));
        lab.saw("sameId", found.getMsgId().equals(result.getMsgId()));
    }

    static void uniqueKey(Lab lab) throws Exception {
        String topic = lab.topic(1);
        SendResult result = Lab.producer.send(Retrying.message(topic, "found"));
        List<MessageExt> found = new ArrayList<>();
        Lab.until(() -> {
            try {
                found.addAll(Lab.admin.queryMessageByUniqKey("DefaultCluster", topic, result.getMsgId(), 32, now() - 600_000, now() + 600_000).getMessageList());
            } catch (org.apache.rocketmq.client.exception.MQClientException none) {
                return false;
            }
            return !found.isEmpty();
        }, "the index");
        lab.saw("found", described(found.get(0)));
    }

    static void nothing(Lab lab) throws Exception {
        String topic = lab.topic(1);
        String id = Lab.producer.send(Lab.message(topic, "there")).getOffsetMsgId();
        lab.saw("address", Main.failure(() -> Lab.admin.viewMessage(topic, id.substring(0, 16) + "00000000FFFFFFF0")));
        lab.saw("key", Main.failure(() -> Lab.admin.queryMessage(topic, "none", 32, now() - 600_000, now() + 600_000)));
    }

    static DefaultMQPushConsumer consumer(Lab lab, String topic, Lab.Inbox[] inbox) throws Exception {
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "*");
        inbox[0] = Pushing.collect(lab, consumer);
        return consumer;
    }

    static void direct(Lab lab) throws Exception {
        String topic = lab.topic(1);
        SendResult result = Lab.producer.send(Lab.message(topic, "twice"));
        Lab.Inbox[] inbox = new Lab.Inbox[1];
        DefaultMQPushConsumer consumer = consumer(lab, topic, inbox);
        inbox[0].await(1);
        var told = Lab.admin.consumeMessageDirectly(
            lab.group(), consumer.getDefaultMQPushConsumerImpl().getmQClientFactory().getClientId(), topic, result.getOffsetMsgId());
        lab.saw("told", List.of(told.getConsumeResult(), told.isOrder(), told.isAutoCommit()));
        lab.saw("received", Lab.texts(inbox[0].await(2)));
    }

    static void running(Lab lab) throws Exception {
        String topic = lab.topic(2);
        Lab.send(topic, 4);
        Lab.Inbox[] inbox = new Lab.Inbox[1];
        DefaultMQPushConsumer consumer = consumer(lab, topic, inbox);
        inbox[0].await(4);
        var info = Lab.admin.getConsumerRunningInfo(
            lab.group(), consumer.getDefaultMQPushConsumerImpl().getmQClientFactory().getClientId(), false);
        Map<String, Object> subscriptions = new TreeMap<>();
        info.getSubscriptionSet().forEach(data -> subscriptions.put(Lab.plain(data.getTopic()), data.getSubString()));
        lab.saw("subscriptions", subscriptions);
        lab.saw("queues", info.getMqTable().keySet().stream().filter(queue -> queue.getTopic().equals(topic)).count());
        lab.saw("kind", List.of(info.getProperties().getProperty("PROP_CONSUME_TYPE"), info.getProperties().getProperty("PROP_CONSUMEORDERLY")));
    }

    static void topic(Lab lab) throws Exception {
        String topic = lab.topic(3);
        Lab.sendTo(topic, 1, "0", "1");
        Lab.stored(topic, 2);
        Map<Integer, Object> queues = new TreeMap<>();
        Lab.admin.examineTopicStats(topic).getOffsetTable().forEach((queue, offset) ->
            queues.put(queue.getQueueId(), List.of(offset.getMinOffset(), offset.getMaxOffset(), offset.getLastUpdateTimestamp() > 0)));
        lab.saw("queues", queues);
        lab.saw("groups", Lab.admin.queryTopicConsumeByWho(topic).getGroupList());
        lab.saw("none", Main.failure(() -> Lab.admin.examineTopicStats(topic + "-none")));
    }

    static void track(Lab lab) throws Exception {
        String topic = lab.topic(1);
        SendResult result = Lab.producer.send(Lab.message(topic, "tracked"));
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "*");
        Pushing.collect(lab, consumer).await(1);
        MessageExt message = Lab.admin.viewMessage(topic, result.getOffsetMsgId());
        List<String> tracks = new ArrayList<>();
        Lab.until(() -> {
            tracks.clear();
            Lab.admin.messageTrackDetail(message).forEach(track -> tracks.add(Lab.plain(track.getConsumerGroup()) + " " + track.getTrackType()));
            return tracks.stream().anyMatch(track -> track.endsWith(" CONSUMED"));
        }, "that it is consumed, but " + tracks);
        lab.saw("tracks", tracks);
    }
}
