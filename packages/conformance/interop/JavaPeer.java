import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueAveragelyByCircle;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueConsistentHash;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageConst;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.remoting.exception.RemotingException;

/**
 * The Java client as the other side of an interoperation test. Run from source:
 *
 *   java -cp 'LIB/*' JavaPeer.java produce NAMESRV TOPIC GROUP COUNT
 *   java -cp 'LIB/*' JavaPeer.java consume NAMESRV TOPIC GROUP COUNT
 *   java -cp 'LIB/*' JavaPeer.java digest NAMESRV TOPIC GROUP COUNT [SECONDS]
 *   java -cp 'LIB/*' JavaPeer.java request NAMESRV TOPIC GROUP COUNT
 *   java -cp 'LIB/*' JavaPeer.java reply NAMESRV TOPIC GROUP COUNT [SECONDS]
 *   java -cp 'LIB/*' JavaPeer.java share NAMESRV TOPIC GROUP COUNT SECONDS STRATEGY
 *
 * `produce` sends COUNT messages: plain ones, every fifth over the compression threshold, the last ten as one batch.
 * `consume` fails each message whose number is 3 once, and prints `number reconsumeTimes bodyLength tag` for each
 * that it finishes.
 * `digest` prints each message that it gets as one line of JSON: msgId, tags, keys, shardingKey, flag, properties,
 * bodyLength, sha256 of the body, reconsumeTimes.
 * `request` sends COUNT requests, every fifth over the compression threshold, and prints each reply as such a line,
 * with the number of the request, or `number` and `error`.
 * `reply` answers requests with `re: ` before their body, and prints each request as such a line. It prints `ready` when
 * it has queues.
 * `share` is a member of a group, under the client id 127.0.0.1@java-peer; STRATEGY is AVG, AVG_BY_CIRCLE or
 * CONSISTENT_HASH. Each time that its queues have changed it prints `queues broker:id,broker:id...` in their order, and
 * `got NUMBER` for each message.
 * All end with a line `done N`, or `missing N` when fewer than COUNT different messages came within SECONDS (60).
 */
public class JavaPeer {
    static final int LARGE = 10_000;
    /** Milliseconds for one request: of a machine that is busy with other tests nothing is claimed. */
    static final int PATIENCE = 30_000;

    public static void main(String[] args) throws Exception {
        String namesrv = args[1], topic = args[2], group = args[3];
        int count = Integer.parseInt(args[4]);
        int seconds = args.length > 5 ? Integer.parseInt(args[5]) : 60;
        switch (args[0]) {
            case "produce": produce(namesrv, topic, group, count); break;
            case "consume": consume(namesrv, topic, group, count); break;
            case "digest": digest(namesrv, topic, group, count, seconds); break;
            case "request": request(namesrv, topic, group, count); break;
            case "reply": reply(namesrv, topic, group, count, seconds); break;
            case "share": share(namesrv, topic, group, count, seconds, args[6]); break;
            default: throw new IllegalArgumentException(args[0]);
        }
        System.exit(0);
    }

    static byte[] body(int number) {
        StringBuilder text = new StringBuilder("java " + number + " ");
        if (number % 5 == 0) while (text.length() < LARGE) text.append("compressible ");
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    static Message message(String topic, int number) {
        Message message = new Message(topic, number % 2 == 0 ? "even" : "odd", "k" + number, body(number));
        message.putUserProperty("number", String.valueOf(number));
        return message;
    }

    static DefaultMQPushConsumer consumer(String namesrv, String topic, String group) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(namesrv);
        consumer.setMqClientApiTimeout(PATIENCE);
        // it learns of its retry topic, which its first heartbeat creates, by a poll of routes and a rebalance only
        consumer.setPollNameServerInterval(1_000);
        // while a heartbeat is under way it cannot tell of queues just taken: the broker refuses its pulls until the next one
        consumer.setHeartbeatBrokerInterval(1_000);
        System.setProperty("rocketmq.client.rebalance.waitInterval", "1000");
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        return consumer;
    }

    static DefaultMQProducer producer(String namesrv, String group) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(group);
        producer.setNamesrvAddr(namesrv);
        producer.setMqClientApiTimeout(PATIENCE);
        producer.setSendMsgTimeout(PATIENCE);
        producer.start();
        return producer;
    }

    static void produce(String namesrv, String topic, String group, int count) throws Exception {
        DefaultMQProducer producer = producer(namesrv, group);
        int batch = Math.min(10, count);
        for (int i = 0; i < count - batch; i++) {
            SendResult result = producer.send(message(topic, i));
            System.out.println(i + " " + result.getSendStatus() + " " + result.getMsgId());
        }
        List<Message> members = new ArrayList<>();
        for (int i = count - batch; i < count; i++) {
            Message member = new Message(topic, i % 2 == 0 ? "even" : "odd", "k" + i, ("java " + i + " ").getBytes(StandardCharsets.UTF_8));
            member.putUserProperty("number", String.valueOf(i));
            members.add(member);
        }
        System.out.println("batch " + producer.send(members).getSendStatus());
        producer.shutdown();
        System.out.println("done " + count);
    }

    static void consume(String namesrv, String topic, String group, int count) throws Exception {
        DefaultMQPushConsumer consumer = consumer(namesrv, topic, group);
        Set<String> seen = ConcurrentHashMap.newKeySet();
        CountDownLatch all = new CountDownLatch(count);
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                String number = message.getUserProperty("number");
                if ("3".equals(number) && message.getReconsumeTimes() == 0) {
                    context.setDelayLevelWhenNextConsume(1);
                    return ConsumeConcurrentlyStatus.RECONSUME_LATER;
                }
                System.out.println(number + " " + message.getReconsumeTimes() + " " + message.getBody().length + " " + message.getTags());
                if (seen.add(number)) all.countDown();
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        boolean complete = all.await(60, TimeUnit.SECONDS);
        consumer.shutdown();
        System.out.println((complete ? "done " : "missing ") + seen.size());
    }

    static void digest(String namesrv, String topic, String group, int count, int seconds) throws Exception {
        DefaultMQPushConsumer consumer = consumer(namesrv, topic, group);
        Set<String> seen = ConcurrentHashMap.newKeySet();
        CountDownLatch all = new CountDownLatch(count);
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                System.out.println(json(describe(message)));
                if (seen.add(message.getMsgId())) all.countDown();
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        finish(consumer, all, seen, seconds);
    }

    static void share(String namesrv, String topic, String group, int count, int seconds, String strategy) throws Exception {
        DefaultMQPushConsumer consumer = consumer(namesrv, topic, group);
        consumer.setClientIP("127.0.0.1");
        consumer.setInstanceName("java-peer");
        switch (strategy) {
            case "AVG": break;
            case "AVG_BY_CIRCLE": consumer.setAllocateMessageQueueStrategy(new AllocateMessageQueueAveragelyByCircle()); break;
            case "CONSISTENT_HASH": consumer.setAllocateMessageQueueStrategy(new AllocateMessageQueueConsistentHash()); break;
            default: throw new IllegalArgumentException(strategy);
        }
        Set<String> seen = ConcurrentHashMap.newKeySet();
        CountDownLatch all = new CountDownLatch(count);
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                System.out.println("got " + new String(message.getBody(), StandardCharsets.UTF_8));
                if (seen.add(message.getMsgId())) all.countDown();
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        String before = "";
        for (long end = System.currentTimeMillis() + seconds * 1000L; System.currentTimeMillis() < end; Thread.sleep(50)) {
            String queues = consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet().stream()
                .filter(queue -> queue.getTopic().equals(topic)).sorted()
                .map(queue -> queue.getBrokerName() + ":" + queue.getQueueId()).collect(Collectors.joining(","));
            if (!queues.equals(before)) System.out.println("queues " + queues);
            before = queues;
            if (all.getCount() == 0) break;
        }
        finish(consumer, all, seen, 0);
    }

    static void request(String namesrv, String topic, String group, int count) throws Exception {
        DefaultMQProducer producer = producer(namesrv, group);
        int replies = 0;
        for (int i = 0; i < count; i++) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("number", i);
            try {
                line.putAll(describe(producer.request(message(topic, i), PATIENCE)));
                replies++;
            } catch (Exception error) {
                line.put("error", error.toString());
            }
            System.out.println(json(line));
        }
        producer.shutdown();
        System.out.println((replies == count ? "done " : "missing ") + replies);
    }

    static void reply(String namesrv, String topic, String group, int count, int seconds) throws Exception {
        DefaultMQProducer producer = producer(namesrv, group + "-p");
        DefaultMQPushConsumer consumer = consumer(namesrv, topic, group);
        Set<String> seen = ConcurrentHashMap.newKeySet();
        CountDownLatch all = new CountDownLatch(count);
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                byte[] answer = ("re: " + new String(message.getBody(), StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8);
                System.out.println(json(describe(message)));
                answer(producer, message, answer);
                if (seen.add(message.getMsgId())) all.countDown();
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        while (consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet().stream()
            .noneMatch(queue -> queue.getTopic().equals(topic))) Thread.sleep(20);
        System.out.println("ready");
        finish(consumer, all, seen, seconds);
        producer.shutdown();
    }

    /**
     * A requester may be unknown to the broker for a while, as Go's first heartbeat comes a second after its start, or
     * for good, as it ends with its last reply. Whether replies came is for the requester to say.
     */
    static void answer(DefaultMQProducer producer, MessageExt request, byte[] answer) {
        try {
            for (int attempt = 0; attempt < 20; attempt++) {
                try {
                    producer.send(MessageUtil.createReplyMessage(request, answer));
                    return;
                } catch (MQClientException | MQBrokerException | RemotingException error) {
                    System.err.println(error);
                    Thread.sleep(250);
                }
            }
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
        }
    }

    static void finish(DefaultMQPushConsumer consumer, CountDownLatch all, Set<String> seen, int seconds) throws Exception {
        boolean complete = all.await(seconds, TimeUnit.SECONDS);
        consumer.shutdown();
        System.out.println((complete ? "done " : "missing ") + seen.size());
    }

    static Map<String, Object> describe(Message message) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("msgId", message instanceof MessageExt ? ((MessageExt) message).getMsgId() : null);
        line.put("tags", message.getTags());
        line.put("keys", message.getKeys());
        line.put("shardingKey", message.getProperty(MessageConst.PROPERTY_SHARDING_KEY));
        line.put("flag", message.getFlag());
        line.put("properties", message.getProperties());
        line.put("bodyLength", message.getBody().length);
        line.put("sha256", sha256(message.getBody()));
        line.put("reconsumeTimes", message instanceof MessageExt ? ((MessageExt) message).getReconsumeTimes() : 0);
        return line;
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
    }

    /** In ASCII alone, so that no console's character set changes it. */
    static String json(Object value) {
        if (value == null || value instanceof Number) return String.valueOf(value);
        StringBuilder text = new StringBuilder();
        if (value instanceof Map) {
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                text.append(text.length() == 0 ? "{" : ",").append(json(entry.getKey())).append(":").append(json(entry.getValue()));
            }
            return text.length() == 0 ? "{}" : text.append("}").toString();
        }
        for (char unit : value.toString().toCharArray()) {
            if (unit < ' ' || unit > '~' || unit == '"' || unit == '\\') text.append(String.format("\\u%04x", (int) unit));
            else text.append(unit);
        }
        return "\"" + text + "\"";
    }
}
