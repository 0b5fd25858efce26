import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.AckCallback;
import org.apache.rocketmq.client.consumer.AckResult;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.PopCallback;
import org.apache.rocketmq.client.consumer.PopResult;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.impl.MQClientAPIImpl;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageRequestMode;
import org.apache.rocketmq.remoting.protocol.header.AckMessageRequestHeader;
import org.apache.rocketmq.remoting.protocol.header.ChangeInvisibleTimeRequestHeader;
import org.apache.rocketmq.remoting.protocol.header.ExtraInfoUtil;
import org.apache.rocketmq.remoting.protocol.header.PopMessageRequestHeader;

/** POP: the broker hands messages out for a while, and forgets them when they are acknowledged. */
final class Popping {
    static void cases() {
        Main.add("java.pop.push", "a push consumer that pops gets each message once", Popping::push);
        Main.add("java.pop.retry", "a popped message that fails comes again", Popping::retry);
        Main.add("java.pop.two", "two members that pop share the messages", Popping::two);
        Main.add("java.pop.ack", "an acknowledged message does not come again", Popping::ack);
        Main.add("java.pop.lapse", "one that is not acknowledged comes again after its time", Popping::lapse);
        Main.add("java.pop.renew", "its time is made shorter, and the old handle is void", Popping::renew);
        Main.add("java.pop.tags", "a pop with tags", Popping::tags);
        Main.add("java.pop.empty", "a pop of nothing", Popping::empty);
    }

    static DefaultMQPushConsumer consumer(Lab lab, String topic) throws Exception {
        Lab.admin.setMessageRequestMode(Lab.broker, topic, lab.group(), MessageRequestMode.POP, 8, Lab.PATIENCE);
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.setClientRebalance(false);
        consumer.subscribe(topic, "*");
        return consumer;
    }

    static void push(Lab lab) throws Exception {
        String topic = lab.topic(2);
        Lab.send(topic, 10);
        List<MessageExt> all = Pushing.collect(lab, consumer(lab, topic)).await(10);
        lab.saw("received", Lab.sorted(all));
        lab.saw("properties", Lab.properties(all.get(0)));
        lab.saw("times", all.stream().mapToInt(MessageExt::getReconsumeTimes).sum());
    }

    static void retry(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.producer.send(Retrying.message(topic, "fails"));
        DefaultMQPushConsumer consumer = consumer(lab, topic);
        Lab.Inbox inbox = new Lab.Inbox();
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            inbox.add(messages.get(0));
            return messages.get(0).getReconsumeTimes() == 0 ? ConsumeConcurrentlyStatus.RECONSUME_LATER : ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        lab.start(consumer);
        List<MessageExt> all = inbox.await(2);
        lab.saw("times", all.stream().map(MessageExt::getReconsumeTimes).toList());
        lab.saw("topics", all.stream().map(message -> Lab.plain(message.getTopic())).toList());
        lab.saw("properties", Lab.properties(all.get(1)));
    }

    static void two(Lab lab) throws Exception {
        String topic = lab.topic(4);
        List<Lab.Inbox> inboxes = new ArrayList<>();
        for (int i = 0; i < 2; i++) inboxes.add(Pushing.collect(lab, consumer(lab, topic)));
        Thread.sleep(3_000);
        Lab.send(topic, 24);
        Lab.until(() -> inboxes.get(0).size() + inboxes.get(1).size() >= 24, "24 messages");
        List<MessageExt> all = new ArrayList<>(inboxes.get(0).await(0));
        all.addAll(inboxes.get(1).all());
        lab.saw("received", Lab.sorted(all));
    }

    static MQClientAPIImpl api() {
        return Lab.admin.getDefaultMQAdminExtImpl().getMqClientInstance().getMQClientAPIImpl();
    }

    static PopResult pop(Lab lab, String topic, long invisible, String tags) throws Exception {
        PopMessageRequestHeader header = new PopMessageRequestHeader();
        header.setConsumerGroup(lab.group());
        header.setTopic(topic);
        header.setQueueId(-1);
        header.setMaxMsgNums(32);
        header.setInvisibleTime(invisible);
        header.setPollTime(5_000);
        header.setBornTime(System.currentTimeMillis());
        header.setInitMode(0);
        header.setExpType("TAG");
        header.setExp(tags);
        header.setOrder(false);
        CompletableFuture<PopResult> result = new CompletableFuture<>();
        api().popMessageAsync(Lab.brokerName, Lab.broker, header, Lab.PATIENCE, new PopCallback() {
            @Override
            public void onSuccess(PopResult popped) {
                result.complete(popped);
            }

            @Override
            public void onException(Throwable failure) {
                result.completeExceptionally(failure);
            }
        });
        return result.get(60, TimeUnit.SECONDS);
    }

    /** Pops until something is found. */
    static List<MessageExt> found(Lab lab, String topic, long invisible) throws Exception {
        List<MessageExt> found = new ArrayList<>();
        Lab.until(() -> {
            PopResult result = pop(lab, topic, invisible, "*");
            if (result.getMsgFoundList() != null) found.addAll(result.getMsgFoundList());
            return !found.isEmpty();
        }, "a popped message");
        return found;
    }

    /** An acknowledgement, or with a time a change of the time; the status. */
    static AckResult settle(Lab lab, MessageExt message, String handle, Long invisible) throws Exception {
        String[] parts = ExtraInfoUtil.split(handle);
        CompletableFuture<AckResult> result = new CompletableFuture<>();
        AckCallback callback = new AckCallback() {
            @Override
            public void onSuccess(AckResult settled) {
                result.complete(settled);
            }

            @Override
            public void onException(Throwable failure) {
                result.completeExceptionally(failure);
            }
        };
        String topic = ExtraInfoUtil.getRealTopic(parts, message.getTopic(), lab.group());
        if (invisible == null) {
            AckMessageRequestHeader header = new AckMessageRequestHeader();
            header.setConsumerGroup(lab.group());
            header.setTopic(topic);
            header.setQueueId(ExtraInfoUtil.getQueueId(parts));
            header.setOffset(ExtraInfoUtil.getQueueOffset(parts));
            header.setExtraInfo(handle);
            api().ackMessageAsync(Lab.broker, Lab.PATIENCE, callback, header);
        } else {
            ChangeInvisibleTimeRequestHeader header = new ChangeInvisibleTimeRequestHeader();
            header.setConsumerGroup(lab.group());
            header.setTopic(topic);
            header.setQueueId(ExtraInfoUtil.getQueueId(parts));
            header.setOffset(ExtraInfoUtil.getQueueOffset(parts));
            header.setExtraInfo(handle);
            header.setInvisibleTime(invisible);
            api().changeInvisibleTimeAsync(Lab.brokerName, Lab.broker, header, Lab.PATIENCE, callback);
        }
        return result.get(60, TimeUnit.SECONDS);
    }

    static void ack(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.sendTo(topic, 0, "acknowledged", "forgotten");
        Lab.stored(topic, 2);
        List<MessageExt> first = found(lab, topic, 2_000);
        lab.saw("first", Lab.texts(first));
        lab.saw("acknowledged", settle(lab, first.get(0), first.get(0).getProperty("POP_CK"), null).getStatus());
        List<MessageExt> second = found(lab, topic, 30_000);
        lab.saw("second", Lab.texts(second));
        lab.saw("times", second.stream().map(MessageExt::getReconsumeTimes).toList());
    }

    static void lapse(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.producer.send(Retrying.message(topic, "lapses"));
        long started = System.currentTimeMillis();
        lab.saw("first", Retrying.deliveries(found(lab, topic, 2_000)));
        List<MessageExt> second = found(lab, topic, 30_000);
        lab.saw("late", System.currentTimeMillis() - started >= 2_000);
        lab.saw("second", Retrying.deliveries(second));
        lab.saw("acknowledged", settle(lab, second.get(0), second.get(0).getProperty("POP_CK"), null).getStatus());
    }

    static void renew(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.sendTo(topic, 0, "renewed");
        MessageExt first = found(lab, topic, 60_000).get(0);
        AckResult renewed = settle(lab, first, first.getProperty("POP_CK"), 1_500L);
        lab.saw("renewed", renewed.getStatus());
        lab.saw("handle", renewed.getExtraInfo() != null && !renewed.getExtraInfo().equals(first.getProperty("POP_CK")));
        lab.saw("again", Lab.texts(found(lab, topic, 60_000)));
    }

    static void tags(Lab lab) throws Exception {
        String topic = lab.topic(1);
        for (String tag : List.of("a", "b", "a")) Lab.producer.send(new Message(topic, tag, Lab.bytes(tag)));
        Lab.stored(topic, 3);
        PopResult result = pop(lab, topic, 30_000, "a");
        lab.saw("found", List.of(result.getPopStatus(), Lab.texts(result.getMsgFoundList()), result.getRestNum()));
    }

    static void empty(Lab lab) throws Exception {
        String topic = lab.topic(1);
        PopResult result = pop(lab, topic, 30_000, "*");
        lab.saw("found", List.of(result.getPopStatus(), result.getMsgFoundList() == null));
    }
}
