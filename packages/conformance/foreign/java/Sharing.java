import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueAveragelyByCircle;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;

/** Members of a group: how they share the queues out, and where they start. */
final class Sharing {
    static void cases() {
        Main.add("java.members.two", "two members share four queues; the one that stays gets all", Sharing::two);
        Main.add("java.members.three", "three members and two queues: one has none", Sharing::three);
        Main.add("java.members.circle", "queues in turn", Sharing::circle);
        Main.add("java.members.listed", "the broker lists members and what they subscribe to", Sharing::listed);
        Main.add("java.start.first", "a new group that starts at the first message", lab -> starts(lab, ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET));
        Main.add("java.start.last", "a new group that starts at the end", lab -> starts(lab, ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET));
        Main.add("java.start.time", "a new group that starts at a time", lab -> starts(lab, ConsumeFromWhere.CONSUME_FROM_TIMESTAMP));
        Main.add("java.start.again", "a group goes on where it stopped", Sharing::again);
    }

    /** How the queues of the topic lie, by member; a queue without one is not counted. */
    static List<String> shares(String topic, Collection<DefaultMQPushConsumer> members) {
        List<String> shares = new ArrayList<>();
        for (DefaultMQPushConsumer member : members) {
            shares.add(member.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet().stream()
                .filter(queue -> queue.getTopic().equals(topic)).map(queue -> String.valueOf(queue.getQueueId()))
                .sorted().toList().toString());
        }
        return shares;
    }

    static List<DefaultMQPushConsumer> members(Lab lab, String topic, int count, List<Lab.Inbox> inboxes, boolean circle) throws Exception {
        List<DefaultMQPushConsumer> members = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            DefaultMQPushConsumer member = lab.consumer(lab.group());
            member.subscribe(topic, "*");
            if (circle) member.setAllocateMessageQueueStrategy(new AllocateMessageQueueAveragelyByCircle());
            members.add(member);
            inboxes.add(Pushing.collect(lab, member));
        }
        return members;
    }

    static void two(Lab lab) throws Exception {
        String topic = lab.topic(4);
        List<Lab.Inbox> inboxes = new ArrayList<>();
        List<DefaultMQPushConsumer> members = members(lab, topic, 2, inboxes, false);
        Lab.until(() -> shares(topic, members).equals(List.of("[0, 1]", "[2, 3]")), "shares of " + topic);
        Lab.send(topic, 8);
        lab.saw("first", inboxes.get(0).await(4).size());
        lab.saw("second", inboxes.get(1).await(4).size());
        members.get(0).shutdown();
        Lab.until(() -> shares(topic, members.subList(1, 2)).equals(List.of("[0, 1, 2, 3]")), "all queues");
        Lab.send(topic, 8);
        List<MessageExt> all = inboxes.get(1).await(12);
        lab.saw("alone", all.size());
        lab.saw("ids", all.stream().map(MessageExt::getMsgId).distinct().count());
    }

    static void three(Lab lab) throws Exception {
        String topic = lab.topic(2);
        List<DefaultMQPushConsumer> members = members(lab, topic, 3, new ArrayList<>(), false);
        Lab.until(() -> shares(topic, members).equals(List.of("[0]", "[1]", "[]")), "shares of " + topic);
        lab.saw("shares", shares(topic, members));
    }

    static void circle(Lab lab) throws Exception {
        String topic = lab.topic(5);
        List<DefaultMQPushConsumer> members = members(lab, topic, 2, new ArrayList<>(), true);
        Lab.until(() -> shares(topic, members).equals(List.of("[0, 2, 4]", "[1, 3]")), "shares of " + topic);
        lab.saw("shares", shares(topic, members));
    }

    static void listed(Lab lab) throws Exception {
        String topic = lab.topic(2);
        members(lab, topic, 2, new ArrayList<>(), false);
        Lab.until(() -> {
            try {
                return Lab.admin.examineConsumerConnectionInfo(lab.group()).getConnectionSet().size() == 2;
            } catch (Exception none) {
                return false;
            }
        }, "both members");
        var info = Lab.admin.examineConsumerConnectionInfo(lab.group());
        Map<String, Object> subscriptions = new TreeMap<>();
        info.getSubscriptionTable().forEach((name, data) ->
            subscriptions.put(Lab.plain(name), List.of(data.getSubString(), data.getExpressionType())));
        lab.saw("subscriptions", subscriptions);
        lab.saw("kind", List.of(info.getConsumeType(), info.getMessageModel(), info.getConsumeFromWhere()));
        lab.saw("languages", info.getConnectionSet().stream().map(one -> one.getLanguage() + " " + one.getVersion()).distinct().toList());
    }

    static void starts(Lab lab, ConsumeFromWhere where) throws Exception {
        String topic = lab.topic(1);
        Lab.sendTo(topic, 0, "0", "1", "2");
        DefaultMQPushConsumer consumer = lab.consumer(lab.group());
        consumer.setConsumeFromWhere(where);
        consumer.setConsumeTimestamp("20300101000000");
        consumer.subscribe(topic, "*");
        Lab.Inbox inbox = Pushing.collect(lab, consumer);
        Lab.until(() -> !shares(topic, List.of(consumer)).get(0).equals("[]"), "its queue");
        Thread.sleep(1_000);
        Lab.sendTo(topic, 0, "new");
        Lab.until(() -> Lab.texts(inbox.all()).contains("new"), "the new message");
        // a queue that still has its first message is read from it, whatever a new group asks for
        lab.saw("received", Lab.sorted(inbox.await(1)));
    }

    static void again(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Lab.sendTo(topic, 0, "0", "1", "2");
        DefaultMQPushConsumer first = lab.consumer(lab.group()), second = lab.consumer(lab.group());
        first.subscribe(topic, "*");
        second.subscribe(topic, "*");
        lab.saw("first", Lab.sorted(Pushing.collect(lab, first).await(3)));
        first.shutdown();
        Lab.sendTo(topic, 0, "3", "4");
        lab.saw("second", Lab.sorted(Pushing.collect(lab, second).await(2)));
    }
}
