import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * The Java client as the other side of an interoperation test. Run from source:
 *
 *   java -cp 'LIB/*' JavaPeer.java produce NAMESRV TOPIC GROUP COUNT
 *   java -cp 'LIB/*' JavaPeer.java consume NAMESRV TOPIC GROUP COUNT
 *
 * `produce` sends COUNT messages: plain ones, every fifth over the compression threshold, the last ten as one batch.
 * `consume` fails each message whose number is 3 once, and prints `number reconsumeTimes bodyLength tag` for each
 * that it finishes. Both end with a line `done N`.
 */
public class JavaPeer {
    static final int LARGE = 10_000;

    public static void main(String[] args) throws Exception {
        String namesrv = args[1], topic = args[2], group = args[3];
        int count = Integer.parseInt(args[4]);
        if (args[0].equals("produce")) produce(namesrv, topic, group, count);
        else consume(namesrv, topic, group, count);
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

    static void produce(String namesrv, String topic, String group, int count) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(group);
        producer.setNamesrvAddr(namesrv);
        producer.start();
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
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(namesrv);
        // it learns of its retry topic, which its first heartbeat creates, by a poll of routes and a rebalance only
        consumer.setPollNameServerInterval(1_000);
        System.setProperty("rocketmq.client.rebalance.waitInterval", "1000");
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
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
}
