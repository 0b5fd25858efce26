import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.RequestTimeoutException;
import org.apache.rocketmq.client.producer.RequestCallback;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageAccessor;
import org.apache.rocketmq.common.message.MessageExt;

/** Requests, and the replies to them. */
final class Requesting {
    static void cases() {
        Main.add("java.request.sync", "requests, in few bytes and in many, and their replies", Requesting::sync);
        Main.add("java.request.async", "a request with a callback", Requesting::async);
        Main.add("java.request.timeout", "a request that nobody answers", Requesting::timeout);
        Main.add("java.request.gone", "a reply to a client that is not there is refused", Requesting::gone);
    }

    /** Answers each request with `re: ` and its body. */
    static List<MessageExt> responder(Lab lab, String topic) throws Exception {
        List<MessageExt> requests = Collections.synchronizedList(new ArrayList<>());
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt request : messages) {
                requests.add(request);
                try {
                    Message reply = MessageUtil.createReplyMessage(request, Lab.bytes("re: " + Lab.text(request)));
                    reply.putUserProperty("number", request.getUserProperty("number"));
                    Lab.producer.send(reply);
                } catch (Exception failure) {
                    failure.printStackTrace();
                }
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        lab.start(consumer);
        return requests;
    }

    static Message request(String topic, String body) {
        Message request = new Message(topic, "tag", "key", Lab.bytes(body));
        request.putUserProperty("number", "1");
        return request;
    }

    static Object described(Message reply) {
        return Map.of("topic", Lab.plain(reply.getTopic()), "length", reply.getBody().length, "properties", Lab.properties(reply));
    }

    static void sync(Lab lab) throws Exception {
        String topic = lab.topic(2);
        List<MessageExt> requests = responder(lab, topic);
        List<Object> replies = new ArrayList<>(), asked = new ArrayList<>();
        for (int size : new int[] {1, 1_000}) {
            Message reply = Lab.producer.request(request(topic, "question ".repeat(size)), 60_000);
            Lab.need(Lab.text(reply).equals("re: " + "question ".repeat(size)), "the reply to " + size);
            replies.add(described(reply));
        }
        for (MessageExt request : requests) asked.add(Map.of("sysFlag", request.getSysFlag(), "properties", Lab.properties(request)));
        lab.saw("requests", asked);
        lab.saw("replies", replies);
    }

    static void async(Lab lab) throws Exception {
        String topic = lab.topic(2);
        responder(lab, topic);
        CompletableFuture<Message> reply = new CompletableFuture<>();
        Lab.producer.request(request(topic, "question"), new RequestCallback() {
            @Override
            public void onSuccess(Message message) {
                // it is also told, without a message, that the request is sent
                if (message != null) reply.complete(message);
            }

            @Override
            public void onException(Throwable failure) {
                reply.completeExceptionally(failure);
            }
        }, 60_000);
        lab.saw("reply", Lab.text(reply.get(60, TimeUnit.SECONDS)));
    }

    static void timeout(Lab lab) throws Exception {
        String topic = lab.topic(1);
        try {
            Lab.producer.request(request(topic, "anybody"), 1_000);
            throw new AssertionError("a reply");
        } catch (RequestTimeoutException failure) {
            lab.saw("code", failure.getResponseCode());
        }
        lab.saw("stored", Lab.texts(Lab.stored(topic, 1)));
    }

    static void gone(Lab lab) throws Exception {
        String topic = lab.topic(1);
        MessageExt request = new MessageExt();
        request.setTopic(topic);
        MessageAccessor.putProperty(request, "CLUSTER", "DefaultCluster");
        MessageAccessor.putProperty(request, "CORRELATION_ID", "1");
        MessageAccessor.putProperty(request, "REPLY_TO_CLIENT", "nobody");
        MessageAccessor.putProperty(request, "TTL", "3000");
        Message reply = MessageUtil.createReplyMessage(request, Lab.bytes("reply"));
        lab.saw("topic", reply.getTopic());
        lab.saw("failure", Main.failure(() -> Lab.producer.send(reply)));
    }
}
