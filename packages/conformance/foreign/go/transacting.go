package main

import (
	"sync"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

// Half messages: committed, rolled back, asked about.
func transacting() {
	add("go.transaction.commit", "a committed transaction", func(l *lab) { ended(l, primitive.CommitMessageState) })
	add("go.transaction.rollback", "a transaction that is rolled back", func(l *lab) { ended(l, primitive.RollbackMessageState) })
	add("go.transaction.check-commit", "the broker asks, the producer commits", func(l *lab) { checked(l, primitive.CommitMessageState) })
	add("go.transaction.check-rollback", "the broker asks, the producer rolls back", func(l *lab) { checked(l, primitive.RollbackMessageState) })
}

type decisions struct {
	lock          sync.Mutex
	local, answer primitive.LocalTransactionState
	questions     []*primitive.MessageExt
}

func (d *decisions) ExecuteLocalTransaction(message *primitive.Message) primitive.LocalTransactionState {
	if string(message.Body) == "kept" {
		return primitive.CommitMessageState
	}
	return d.local
}

func (d *decisions) CheckLocalTransaction(message *primitive.MessageExt) primitive.LocalTransactionState {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.questions = append(d.questions, message)
	return d.answer
}

func (d *decisions) asked() []*primitive.MessageExt {
	d.lock.Lock()
	defer d.lock.Unlock()
	return d.questions
}

func (l *lab) transactions(d *decisions) rocketmq.TransactionProducer {
	p, err := rocketmq.NewTransactionProducer(d, producer.WithNameServer(primitive.NamesrvAddr{namesrv}),
		producer.WithGroupName(l.name()+"-p"), producer.WithInstanceName(l.name()+"-i"), producer.WithSendMsgTimeout(patience))
	must(err)
	must(p.Start())
	l.atEnd(func() { _ = p.Shutdown() })
	return p
}

func sendInTransaction(l *lab, p rocketmq.TransactionProducer, topic, body string) {
	message := primitive.NewMessage(topic, []byte(body)).WithTag("tag").WithKeys([]string{"key"})
	result, err := p.SendMessageInTransaction(ctx, message)
	must(err)
	l.saw("receipt of "+body, []any{result.Status, result.State})
}

func ended(l *lab, state primitive.LocalTransactionState) {
	topic := l.topic(1)
	p := l.transactions(&decisions{local: state, answer: primitive.RollbackMessageState})
	sendInTransaction(l, p, topic, "decided")
	// by the time that this one is there, the other one would be
	sendInTransaction(l, p, topic, "kept")
	count := 1
	if state == primitive.CommitMessageState {
		count = 2
	}
	l.saw("read", descriptions(l.read(topic, count)))
}

func checked(l *lab, state primitive.LocalTransactionState) {
	topic := l.topic(1)
	d := &decisions{local: primitive.UnknowState, answer: state}
	p := l.transactions(d)
	sendInTransaction(l, p, topic, "asked")
	until("a question", func() bool { return len(d.asked()) > 0 })
	asked := d.asked()[0]
	l.saw("question", []any{string(asked.Body), plain(asked.Topic), asked.SysFlag, properties(&asked.Message)})
	if state == primitive.RollbackMessageState {
		sendInTransaction(l, p, topic, "kept")
	}
	all := l.collect(l.consumer(l.group()), topic, consumer.MessageSelector{}).await(1)
	l.saw("read", texts(all))
}
