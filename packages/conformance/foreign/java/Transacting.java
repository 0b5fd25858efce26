import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.client.producer.TransactionSendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Half messages: committed, rolled back, asked about. */
final class Transacting {
    static void cases() {
        Main.add("java.transaction.commit", "a committed transaction", lab -> ended(lab, LocalTransactionState.COMMIT_MESSAGE));
        Main.add("java.transaction.rollback", "a transaction that is rolled back", lab -> ended(lab, LocalTransactionState.ROLLBACK_MESSAGE));
        Main.add("java.transaction.check-commit", "the broker asks, the producer commits", lab -> checked(lab, LocalTransactionState.COMMIT_MESSAGE));
        Main.add("java.transaction.check-rollback", "the broker asks, the producer rolls back", lab -> checked(lab, LocalTransactionState.ROLLBACK_MESSAGE));
        Main.add("java.transaction.check-again", "the broker asks again when it is not told", Transacting::again);
    }

    /** Decides at once by `local`, and when it is asked by the answers in turn; the last one stays. */
    static final class Decisions implements TransactionListener {
        final LocalTransactionState local;
        final List<LocalTransactionState> answers;
        final List<MessageExt> questions = Collections.synchronizedList(new ArrayList<>());

        Decisions(LocalTransactionState local, LocalTransactionState... answers) {
            this.local = local;
            this.answers = List.of(answers);
        }

        @Override
        public LocalTransactionState executeLocalTransaction(Message message, Object argument) {
            return Lab.text(message).equals("kept") ? LocalTransactionState.COMMIT_MESSAGE : local;
        }

        @Override
        public LocalTransactionState checkLocalTransaction(MessageExt message) {
            questions.add(message);
            return answers.get(Math.min(questions.size(), answers.size()) - 1);
        }
    }

    static TransactionMQProducer producer(Lab lab, Decisions decisions) throws Exception {
        TransactionMQProducer producer = new TransactionMQProducer(lab.name() + "-p");
        producer.setTransactionListener(decisions);
        Lab.start(producer);
        lab.atEnd(producer::shutdown);
        return producer;
    }

    static void send(Lab lab, TransactionMQProducer producer, String topic, String body) throws Exception {
        Message message = new Message(topic, "tag", "key", Lab.bytes(body));
        message.putUserProperty("number", "1");
        TransactionSendResult result = producer.sendMessageInTransaction(message, null);
        lab.saw("receipt of " + body, List.of(result.getSendStatus(), result.getLocalTransactionState(), result.getTransactionId() != null));
    }

    static void stored(Lab lab, String topic) throws Exception {
        List<Object> stored = new ArrayList<>();
        for (MessageExt found : Lab.stored(topic, 1)) {
            stored.add(Map.of(
                "body", Lab.text(found), "sysFlag", found.getSysFlag(), "offset", found.getQueueOffset(),
                "prepared", found.getPreparedTransactionOffset() > 0, "properties", Lab.properties(found)));
        }
        lab.saw("stored", stored);
    }

    static void ended(Lab lab, LocalTransactionState state) throws Exception {
        String topic = lab.topic(1);
        TransactionMQProducer producer = producer(lab, new Decisions(state, LocalTransactionState.ROLLBACK_MESSAGE));
        send(lab, producer, topic, "decided");
        // by the time that this one is there, the other one would be
        send(lab, producer, topic, "kept");
        Lab.until(() -> Lab.texts(Lab.stored(topic)).contains("kept"), "the committed message");
        stored(lab, topic);
    }

    static void checked(Lab lab, LocalTransactionState state) throws Exception {
        String topic = lab.topic(1);
        Decisions decisions = new Decisions(LocalTransactionState.UNKNOW, state);
        TransactionMQProducer producer = producer(lab, decisions);
        send(lab, producer, topic, "asked");
        Lab.until(() -> !decisions.questions.isEmpty(), "a question");
        question(lab, decisions);
        if (state == LocalTransactionState.ROLLBACK_MESSAGE) send(lab, producer, topic, "kept");
        stored(lab, topic);
    }

    static void question(Lab lab, Decisions decisions) {
        MessageExt asked = decisions.questions.get(0);
        lab.saw("question", List.of(Lab.text(asked), Lab.plain(asked.getTopic()), asked.getSysFlag(), Lab.properties(asked)));
    }

    static void again(Lab lab) throws Exception {
        String topic = lab.topic(1);
        Decisions decisions = new Decisions(LocalTransactionState.UNKNOW, LocalTransactionState.UNKNOW, LocalTransactionState.COMMIT_MESSAGE);
        send(lab, producer(lab, decisions), topic, "asked twice");
        stored(lab, topic);
        lab.saw("questions", decisions.questions.size());
        question(lab, decisions);
    }
}
