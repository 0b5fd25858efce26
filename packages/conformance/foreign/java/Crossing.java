import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * With the clients of other languages, which run at the same time and know the same names: each writes six messages into
 * a topic of its own, `PREFIX-cross-LANGUAGE`, and reads those of the others.
 */
final class Crossing {
    static final int COUNT = 6;

    static void cases() {
        Main.add("java.cross.write", "writes for the other clients", Crossing::write);
        if (Lab.clients.contains("go")) {
            Main.add("java.cross.go", "reads what Go has written", lab -> read(lab, "go"));
            Main.add("java.cross.share-go", "shares eight queues with Go", Crossing::share);
            Main.add("java.cross.answer-go", "answers what Go asks", Crossing::answer);
        }
        if (Lab.clients.contains("node")) Main.add("java.cross.node", "reads what ali-ons has written", lab -> read(lab, "node"));
    }

    static void write(Lab lab) throws Exception {
        String topic = Lab.prefix + "-cross-java";
        for (int i = 0; i < COUNT; i++) {
            String body = i == 5 ? "compressible ".repeat(1_000) : "java grün 🚀 " + i;
            Message message = new Message(topic, i % 2 == 0 ? "even" : "odd", "k" + i, Lab.bytes(body));
            message.putUserProperty("number", String.valueOf(i));
            message.putUserProperty("größe", "日本語");
            Lab.producer.send(message);
        }
        lab.saw("stored", Lab.stored(topic, COUNT).size());
    }

    static void read(Lab lab, String language) throws Exception {
        String topic = Lab.prefix + "-cross-" + language;
        Lab.until(() -> Lab.routed(topic), "the topic");
        List<MessageExt> all = Pushing.collect(lab, topic, "*").await(COUNT);
        all.sort(Comparator.comparing(message -> message.getUserProperty("number")));
        List<Object> read = new ArrayList<>();
        for (MessageExt message : all) {
            String body = Lab.text(message);
            read.add(Map.of(
                "body", body.length() < 100 ? body : body.length() + " " + body.substring(0, 20),
                "sysFlag", message.getSysFlag(), "properties", Lab.properties(message)));
        }
        lab.saw("read", read);
    }

    static void share(Lab lab) throws Exception {
        String topic = Lab.prefix + "-cross-share";
        Lab.admin.createAndUpdateTopicConfig(Lab.broker, new org.apache.rocketmq.common.TopicConfig(topic, 8, 8, 6));
        Lab.until(() -> Lab.routed(topic), "a route");
        DefaultMQPushConsumer consumer = lab.consumer(topic + "-c");
        consumer.subscribe(topic, "*");
        Lab.Inbox inbox = Pushing.collect(lab, consumer);
        Lab.until(() -> Sharing.shares(topic, List.of(consumer)).get(0).split(",").length == 4, "four of eight queues");
        // the other one has heard of it too, by now or by its next look
        Thread.sleep(2_000);
        for (int queue = 0; queue < 8; queue++) Lab.sendTo(topic, queue, "0", "1");
        lab.saw("received", Lab.sorted(inbox.await(8)));
    }

    static void answer(Lab lab) throws Exception {
        String topic = Lab.prefix + "-cross-ask";
        Lab.admin.createAndUpdateTopicConfig(Lab.broker, new org.apache.rocketmq.common.TopicConfig(topic, 1, 1, 6));
        Lab.until(() -> Lab.routed(topic), "a route");
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "*");
        // what is asked, as it comes, and what is answered: Go asks again as soon as it has an answer
        List<String> asked = Collections.synchronizedList(new ArrayList<>());
        Lab.Inbox answered = new Lab.Inbox();
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt request : messages) {
                asked.add(Lab.text(request));
                for (int attempt = 0; attempt < 40; attempt++) {
                    try {
                        Lab.producer.send(MessageUtil.createReplyMessage(request, Lab.bytes("java: " + Lab.text(request))));
                        break;
                    } catch (Exception unknown) {
                        // Go's first heartbeat comes a second after its start: until then nobody knows it
                        try {
                            Thread.sleep(250);
                        } catch (InterruptedException end) {
                            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
                        }
                    }
                }
                answered.add(request);
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        lab.start(consumer);
        answered.await(2);
        lab.saw("asked", List.copyOf(asked));
    }
}
