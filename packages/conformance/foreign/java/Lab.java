import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.ResponseCode;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** What a case works with: names of its own, clients that end with it, and what it has observed. */
final class Lab {
    /** Milliseconds for one request: of a machine that is busy with other tests nothing is claimed. */
    static final int PATIENCE = 30_000;

    /** Properties whose values are chance, time or address: they are only there or not. */
    private static final Set<String> VOLATILE = Set.of(
        "UNIQ_KEY", "CONSUME_START_TIME", "ORIGIN_MESSAGE_ID", "DLQ_ORIGIN_MESSAGE_ID", "TIMER_OUT_MS", "TIMER_DELIVER_MS",
        "TIMER_DELAY_MS", "TIMER_ENQUEUE_MS", "TIMER_DEQUEUE_MS", "1ST_POP_TIME", "POP_CK", "CORRELATION_ID", "REPLY_TO_CLIENT", "ARRIVE_TIME", "PUSH_REPLY_TIME",
        "__transactionId__", "BORN_TIMESTAMP", "BORN_HOST", "STORE_TIMESTAMP", "REAL_OFFSET", "TRAN_PREPARED_QUEUE_OFFSET");

    static String namesrv, prefix, broker, brokerName;
    static Set<String> clients;
    static DefaultMQProducer producer;
    static DefaultMQAdminExt admin;
    static DefaultMQPullConsumer reader;

    final String id;
    final Map<String, Object> observed = new ConcurrentHashMap<>();
    private final Deque<Runnable> ends = new ArrayDeque<>();
    private final AtomicInteger members = new AtomicInteger();

    Lab(String id) {
        this.id = id;
    }

    /** Connects what all cases share. */
    static void open(String namesrv, String prefix, String clients) throws Exception {
        Lab.namesrv = namesrv;
        Lab.prefix = prefix;
        Lab.clients = Set.of(clients.split(","));
        admin = new DefaultMQAdminExt(PATIENCE);
        admin.setNamesrvAddr(namesrv);
        admin.setInstanceName(prefix + "-admin");
        admin.start();
        var master = admin.examineBrokerClusterInfo().getBrokerAddrTable().values().stream()
            .min(Comparator.comparing(data -> data.getBrokerName())).orElseThrow();
        broker = master.getBrokerAddrs().get(0L);
        brokerName = master.getBrokerName();
        producer = new DefaultMQProducer(prefix + "-java-p");
        producer.setInstanceName(prefix + "-java");
        start(producer);
        reader = new DefaultMQPullConsumer(prefix + "-java-reader");
        reader.setNamesrvAddr(namesrv);
        reader.setInstanceName(prefix + "-reader");
        reader.setMqClientApiTimeout(PATIENCE);
        reader.start();
    }

    static void start(DefaultMQProducer producer) throws MQClientException {
        producer.setNamesrvAddr(namesrv);
        producer.setMqClientApiTimeout(PATIENCE);
        producer.setSendMsgTimeout(PATIENCE);
        producer.start();
    }

    /** Has the case claim a fact. */
    void saw(String name, Object value) {
        observed.put(name, value == null ? "null" : value);
    }

    static void need(boolean holds, String claim) {
        if (!holds) throw new AssertionError(claim);
    }

    /** Runs when the case is over, last first. */
    void atEnd(Runnable end) {
        ends.push(end);
    }

    void close() {
        for (Runnable end : ends) {
            try {
                end.run();
            } catch (Exception failure) {
                failure.printStackTrace();
            }
        }
    }

    String name() {
        return prefix + "-" + id.replace('.', '-');
    }

    /** Makes the case's topic on the broker, and waits until the name server has it. */
    String topic(int queues) throws Exception {
        return topic("", queues, 6);
    }

    String topic(String suffix, int queues, int permission) throws Exception {
        String topic = name() + suffix;
        admin.createAndUpdateTopicConfig(broker, new TopicConfig(topic, queues, queues, permission));
        until(() -> routed(topic), "a route of " + topic);
        return topic;
    }

    static boolean routed(String topic) throws Exception {
        try {
            return !admin.examineTopicRouteInfo(topic).getQueueDatas().isEmpty();
        } catch (MQClientException none) {
            return false;
        }
    }

    static MessageQueue queue(String topic, int id) {
        return new MessageQueue(topic, brokerName, id);
    }

    String group() {
        return name() + "-c";
    }

    /** A consumer that is not started; it starts at the first message, on a client of its own. */
    DefaultMQPushConsumer consumer(String group) {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(namesrv);
        consumer.setInstanceName(name() + "-" + members.incrementAndGet());
        consumer.setMqClientApiTimeout(PATIENCE);
        consumer.setPollNameServerInterval(1_000);
        consumer.setHeartbeatBrokerInterval(1_000);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setConsumeThreadMin(4);
        consumer.setConsumeThreadMax(4);
        return consumer;
    }

    void start(DefaultMQPushConsumer consumer) throws MQClientException {
        atEnd(consumer::shutdown);
        consumer.start();
    }

    static Message message(String topic, String body) {
        return new Message(topic, bytes(body));
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String text(Message message) {
        return new String(message.getBody(), StandardCharsets.UTF_8);
    }

    static List<String> texts(Collection<? extends Message> messages) {
        List<String> texts = new ArrayList<>();
        for (Message message : messages) texts.add(text(message));
        return texts;
    }

    static List<String> sorted(Collection<? extends Message> messages) {
        return texts(messages).stream().sorted().toList();
    }

    /** Sends bodies named 0, 1, ... to the queues in turn. */
    static void send(String topic, int count) throws Exception {
        for (int i = 0; i < count; i++) producer.send(message(topic, String.valueOf(i)));
    }

    /** Sends bodies to one queue. */
    static void sendTo(String topic, int queue, String... bodies) throws Exception {
        for (String body : bodies) send(message(topic, body), queue(topic, queue));
    }

    /** Sends to one queue; the client itself does not try again there when a broker is busy for a moment. */
    static SendResult send(Message message, MessageQueue queue) throws Exception {
        for (int attempt = 0;; attempt++) {
            try {
                return producer.send(message, queue);
            } catch (MQBrokerException failure) {
                if (failure.getResponseCode() != ResponseCode.SYSTEM_BUSY || attempt == 20) throw failure;
                Thread.sleep(200);
            }
        }
    }

    /** All that a topic holds, by queue and offset. */
    static List<MessageExt> stored(String topic) throws Exception {
        List<MessageExt> found = new ArrayList<>();
        var queues = new ArrayList<>(reader.fetchSubscribeMessageQueues(topic));
        queues.sort(Comparator.naturalOrder());
        for (MessageQueue queue : queues) {
            for (long offset = reader.minOffset(queue); offset < reader.maxOffset(queue);) {
                PullResult result = reader.pull(queue, "*", offset, 32, PATIENCE);
                if (result.getPullStatus() == PullStatus.FOUND) found.addAll(result.getMsgFoundList());
                offset = result.getNextBeginOffset();
            }
        }
        return found;
    }

    /** Waits until a topic, which may not be there yet, holds so many messages. */
    static List<MessageExt> stored(String topic, int count) throws Exception {
        until(() -> routed(topic) && stored(topic).size() >= count, count + " messages in " + topic);
        return stored(topic);
    }

    /** Waits for something that must come; how long does not matter. */
    static void until(Callable<Boolean> holds, String what) throws Exception {
        for (long end = System.currentTimeMillis() + 60_000; !holds.call(); Thread.sleep(100)) {
            if (System.currentTimeMillis() > end) throw new AssertionError("did not come: " + what);
        }
    }

    /** A text without the names that are this run's own. */
    static String plain(String text) {
        return text == null ? "null" : text.replace(prefix, "P");
    }

    /** All properties of a message, the client's and the broker's too; of some only that they are there. */
    static Map<String, String> properties(Message message) {
        Map<String, String> properties = new TreeMap<>();
        message.getProperties().forEach((name, value) -> {
            // the client that pulled adds these two, by what it has pulled with it
            if (name.equals("MIN_OFFSET") || name.equals("MAX_OFFSET")) return;
            properties.put(name, VOLATILE.contains(name) ? "*" : plain(value));
        });
        return properties;
    }

    /** What came to a listener, in its order. */
    static final class Inbox {
        private final List<MessageExt> messages = new ArrayList<>();

        synchronized void add(MessageExt message) {
            messages.add(message);
        }

        synchronized List<MessageExt> all() {
            return new ArrayList<>(messages);
        }

        int size() {
            return all().size();
        }

        /** Waits for so many, and a moment longer for what must not come. */
        List<MessageExt> await(int count) throws Exception {
            until(() -> size() >= count, count + " messages, got " + texts(all()));
            Thread.sleep(300);
            return all();
        }
    }
}
