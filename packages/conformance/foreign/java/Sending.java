import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.selector.SelectMessageQueueByHash;
import org.apache.rocketmq.common.compression.CompressionType;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Producers of all kinds, and what is stored of what they send. */
final class Sending {
    static void cases() {
        Main.add("java.send.sync", "sends one by one: receipts, queues in turn, offsets", Sending::sync);
        Main.add("java.send.async", "sends with callbacks", Sending::async);
        Main.add("java.send.oneway", "sends without an answer", Sending::oneway);
        Main.add("java.send.batch", "sends five messages as one batch", Sending::batch);
        Main.add("java.send.queue", "sends to a chosen queue", Sending::queue);
        Main.add("java.send.by-key", "sends by key, each key in its order", Sending::byKey);
        Main.add("java.send.properties", "tags, keys, properties, flag", Sending::properties);
        Main.add("java.send.auto-topic", "a send makes its topic", Sending::autoTopic);
        Main.add("java.send.zlib", "a body compressed by ZLIB", lab -> compressed(lab, CompressionType.ZLIB));
        Main.add("java.send.lz4", "a body compressed by LZ4", lab -> compressed(lab, CompressionType.LZ4));
        Main.add("java.send.zstd", "a body compressed by ZSTD", lab -> compressed(lab, CompressionType.ZSTD));
        Main.add("java.send.large", "a body of 1 MiB that does not compress", Sending::large);
        Main.add("java.send.too-large", "a body of 5 MiB is refused", Sending::tooLarge);
        Main.add("java.send.no-queue", "a queue that the topic does not have is refused", Sending::noQueue);
        Main.add("java.send.read-only", "a topic that may only be read is refused", Sending::readOnly);
        Main.add("java.send.traced", "a traced send leaves its trace", Sending::traced);
        Main.add("java.send.namespace", "names in a namespace", Sending::namespace);
    }

    /** What receipts say of each of several sends. */
    static void receipts(Lab lab, List<SendResult> results) {
        Map<Integer, Integer> queues = new TreeMap<>();
        List<Long> offsets = new ArrayList<>();
        Set<String> statuses = new TreeSet<>(), regions = new TreeSet<>(), ids = new TreeSet<>();
        boolean addressed = true;
        for (SendResult result : results) {
            queues.merge(result.getMessageQueue().getQueueId(), 1, Integer::sum);
            offsets.add(result.getQueueOffset());
            statuses.add(result.getSendStatus() + " " + result.isTraceOn());
            regions.add(String.valueOf(result.getRegionId()));
            ids.add(result.getMsgId());
            addressed &= result.getOffsetMsgId().matches("[0-9A-F]{32}");
        }
        Collections.sort(offsets);
        lab.saw("queues", queues);
        lab.saw("offsets", offsets);
        lab.saw("statuses", statuses);
        lab.saw("regions", regions);
        lab.saw("ids", ids.size());
        lab.saw("addressed", addressed);
    }

    static void sync(Lab lab) throws Exception {
        String topic = lab.topic(4);
        List<SendResult> results = new ArrayList<>();
        for (int i = 0; i < 8; i++) results.add(Lab.producer.send(Lab.message(topic, String.valueOf(i))));
        receipts(lab, results);
        lab.saw("stored", Lab.sorted(Lab.stored(topic, 8)));
    }

    static void async(Lab lab) throws Exception {
        String topic = lab.topic(4);
        List<SendResult> results = Collections.synchronizedList(new ArrayList<>());
        List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch all = new CountDownLatch(8);
        for (int i = 0; i < 8; i++) {
            Lab.producer.send(Lab.message(topic, String.valueOf(i)), new SendCallback() {
                @Override
                public void onSuccess(SendResult result) {
                    results.add(result);
                    all.countDown();
                }

                @Override
                public void onException(Throwable failure) {
                    failures.add(failure);
                    all.countDown();
                }
            });
        }
        Lab.need(all.await(60, TimeUnit.SECONDS) && failures.isEmpty(), "eight callbacks, but " + failures);
        // which queues is chance here: one that was slow is left out for a while
        lab.saw("statuses", results.stream().map(SendResult::getSendStatus).distinct().toList());
        lab.saw("ids", results.stream().map(SendResult::getMsgId).distinct().count());
        lab.saw("stored", Lab.sorted(Lab.stored(topic, 8)));
    }

    static void oneway(Lab lab) throws Exception {
        String topic = lab.topic(4);
        for (int i = 0; i < 8; i++) Lab.producer.sendOneway(Lab.message(topic, String.valueOf(i)));
        // a broker that is busy drops what nobody awaits: it is sent again
        Lab.until(() -> {
            Thread.sleep(500);
            List<String> stored = Lab.texts(Lab.stored(topic));
            for (int i = 0; i < 8; i++) {
                if (!stored.contains(String.valueOf(i))) Lab.producer.sendOneway(Lab.message(topic, String.valueOf(i)));
            }
            return new TreeSet<>(stored).size() == 8;
        }, "eight messages");
        lab.saw("stored", new TreeSet<>(Lab.texts(Lab.stored(topic))));
    }

    static void batch(Lab lab) throws Exception {
        String topic = lab.topic(4);
        List<Message> members = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            Message member = new Message(topic, "t" + i, "k" + i, Lab.bytes("member " + i));
            member.putUserProperty("number", String.valueOf(i));
            members.add(member);
        }
        SendResult result = Lab.producer.send(members);
        lab.saw("status", result.getSendStatus());
        lab.saw("offset", result.getQueueOffset());
        lab.saw("ids", result.getMsgId().split(",").length);
        lab.saw("addresses", result.getOffsetMsgId().split(",").length);
        List<Object> stored = new ArrayList<>();
        Set<Integer> queues = new TreeSet<>();
        for (MessageExt message : Lab.stored(topic, 5)) {
            queues.add(message.getQueueId());
            stored.add(List.of(message.getQueueOffset(), Lab.text(message), message.getSysFlag(), Lab.properties(message)));
        }
        lab.saw("queues", queues.size());
        lab.saw("stored", stored);
    }

    static void queue(Lab lab) throws Exception {
        String topic = lab.topic(4);
        List<SendResult> results = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            results.add(Lab.send(Lab.message(topic, "chosen " + i), Lab.queue(topic, 2)));
            results.add(Lab.producer.send(Lab.message(topic, "selected " + i), (queues, message, id) ->
                queues.stream().filter(queue -> queue.getQueueId() == (int) id).findFirst().orElseThrow(), 3));
        }
        receipts(lab, results);
        lab.saw("stored", Lab.texts(Lab.stored(topic, 8)));
    }

    static void byKey(Lab lab) throws Exception {
        String topic = lab.topic(4);
        Map<String, Set<Integer>> queues = new TreeMap<>();
        for (int i = 0; i < 12; i++) {
            String key = "key-" + i % 4;
            SendResult result = Lab.producer.send(Lab.message(topic, key + " " + i), new SelectMessageQueueByHash(), key);
            queues.computeIfAbsent(key, k -> new TreeSet<>()).add(result.getMessageQueue().getQueueId());
        }
        lab.saw("queues", queues);
        lab.saw("stored", Lab.texts(Lab.stored(topic, 12)));
    }

    static void properties(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Message message = new Message(topic, "tag", "k1 k2", 7, Lab.bytes("grün 🚀"), true);
        message.putUserProperty("größe", "日本語 👩‍🚀");
        message.putUserProperty("number", "1");
        message.setBuyerId("buyer");
        Lab.producer.send(message);
        Lab.producer.send(new Message(topic, null, "", 0, new byte[] {0}, false));
        List<Object> stored = new ArrayList<>();
        for (MessageExt found : Lab.stored(topic, 2)) {
            stored.add(Map.of(
                "body", Lab.text(found), "flag", found.getFlag(), "sysFlag", found.getSysFlag(),
                "reconsumeTimes", found.getReconsumeTimes(), "properties", Lab.properties(found),
                "born", found.getBornTimestamp() <= found.getStoreTimestamp(), "crc", found.getBodyCRC()));
        }
        lab.saw("stored", stored);
    }

    static void autoTopic(Lab lab) throws Exception {
        String topic = lab.name();
        lab.saw("status", Lab.producer.send(Lab.message(topic, "first")).getSendStatus());
        Lab.until(() -> Lab.routed(topic), "a route");
        List<Object> queues = new ArrayList<>();
        for (var data : Lab.admin.examineTopicRouteInfo(topic).getQueueDatas()) {
            queues.add(List.of(data.getReadQueueNums(), data.getWriteQueueNums(), data.getPerm(), data.getTopicSysFlag()));
        }
        lab.saw("queues", queues);
        lab.saw("stored", Lab.texts(Lab.stored(topic, 1)));
    }

    static void compressed(Lab lab, CompressionType type) throws Exception {
        String topic = lab.topic(1);
        DefaultMQProducer producer = new DefaultMQProducer(lab.name() + "-p");
        producer.setCompressType(type);
        Lab.start(producer);
        lab.atEnd(producer::shutdown);
        lab.saw("status", producer.send(Lab.message(topic, "compressible ".repeat(4_000))).getSendStatus());
        MessageExt found = Lab.stored(topic, 1).get(0);
        lab.saw("sysFlag", found.getSysFlag());
        lab.saw("whole", Lab.text(found).equals("compressible ".repeat(4_000)));
        lab.saw("small", found.getStoreSize() < 2_000);
        lab.saw("properties", Lab.properties(found));
    }

    static byte[] noise(int size) {
        byte[] bytes = new byte[size];
        new Random(1).nextBytes(bytes);
        return bytes;
    }

    static void large(Lab lab) throws Exception {
        String topic = lab.topic(1);
        lab.saw("status", Lab.producer.send(new Message(topic, noise(1 << 20))).getSendStatus());
        lab.saw("whole", java.util.Arrays.equals(noise(1 << 20), Lab.stored(topic, 1).get(0).getBody()));
    }

    static void tooLarge(Lab lab) throws Exception {
        String topic = lab.topic(1);
        DefaultMQProducer producer = new DefaultMQProducer(lab.name() + "-p");
        producer.setMaxMessageSize(1 << 23);
        Lab.start(producer);
        lab.atEnd(producer::shutdown);
        lab.saw("failure", Main.failure(() -> producer.send(new Message(topic, noise(5 << 20)))));
        lab.saw("stored", Lab.stored(topic).size());
    }

    static void noQueue(Lab lab) throws Exception {
        String topic = lab.topic(2);
        lab.saw("failure", Main.failure(() -> Lab.sendTo(topic, 9, "lost")));
        lab.saw("stored", Lab.stored(topic).size());
    }

    static void readOnly(Lab lab) throws Exception {
        String topic = lab.topic("", 2, 4);
        lab.saw("routed", Main.failure(() -> Lab.producer.send(Lab.message(topic, "lost"))));
        lab.saw("forced", Main.failure(() -> Lab.sendTo(topic, 0, "lost")));
        lab.saw("stored", Lab.stored(topic).size());
    }

    static void traced(Lab lab) throws Exception {
        String topic = lab.topic(1), traces = lab.topic("-traces", 1, 6);
        DefaultMQProducer producer = new DefaultMQProducer(lab.name() + "-p", true, traces);
        Lab.start(producer);
        lab.atEnd(producer::shutdown);
        String id = producer.send(new Message(topic, "tag", "key", Lab.bytes("traced"))).getMsgId();
        MessageExt trace = Lab.stored(traces, 1).get(0);
        lab.saw("keys", List.of(trace.getKeys().split(" ")).contains(id));
        lab.saw("kind", Lab.text(trace).split("\u0001")[0]);
    }

    static void namespace(Lab lab) throws Exception {
        String topic = lab.name(), space = Lab.prefix + "-space";
        DefaultMQProducer producer = new DefaultMQProducer(lab.name() + "-p");
        producer.setNamespace(space);
        Lab.start(producer);
        lab.atEnd(producer::shutdown);
        SendResult result = producer.send(Lab.message(topic, "inside"));
        lab.saw("status", result.getSendStatus());
        lab.saw("queue", Lab.plain(result.getMessageQueue().getTopic()));
        lab.saw("stored", Lab.texts(Lab.stored(space + "%" + topic, 1)));
        lab.saw("outside", Lab.routed(topic));
        MessageQueue queue = result.getMessageQueue();
        Lab.need(queue.getBrokerName().equals(Lab.brokerName), "the broker");
    }
}
