package main

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/admin"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

const patience = 30 * time.Second

var (
	ctx             = context.Background()
	namesrv, prefix string
	clients         []string
	broker          string
	brokerName      string
	sender          rocketmq.Producer
	operator        admin.Admin
)

// Properties whose values are chance, time or address: they are only there or not.
var volatile = map[string]bool{
	"UNIQ_KEY": true, "CONSUME_START_TIME": true, "ORIGIN_MESSAGE_ID": true, "DLQ_ORIGIN_MESSAGE_ID": true,
	"CORRELATION_ID": true, "REPLY_TO_CLIENT": true, "ARRIVE_TIME": true, "PUSH_REPLY_TIME": true,
	"__transactionId__": true, "TRAN_PREPARED_QUEUE_OFFSET": true,
}

// Connects what all cases share.
func open(address, names string, others []string) {
	namesrv, prefix, clients = address, names, others
	sender = newProducer(prefix+"-go-p", prefix+"-go")
	made, err := admin.NewAdmin(admin.WithResolver(primitive.NewPassthroughResolver([]string{namesrv})))
	must(err)
	operator = made
	// the client does not tell where brokers are, but the address of a message does
	result := send(primitive.NewMessage(prefix+"-go", []byte("hello")))
	brokerName = result.MessageQueue.BrokerName
	id, err := primitive.UnmarshalMsgID([]byte(result.OffsetMsgID))
	must(err)
	broker = fmt.Sprintf("%s:%d", id.Addr, id.Port)
}

// What a case works with: names of its own, clients that end with it, and what it has observed.
type lab struct {
	id       string
	lock     sync.Mutex
	observed map[string]any
	ends     []func()
	members  int
}

// saw has the case claim a fact.
func (l *lab) saw(name string, value any) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.observed[name] = value
}

func (l *lab) facts() map[string]any {
	l.lock.Lock()
	defer l.lock.Unlock()
	facts := map[string]any{}
	for name, value := range l.observed {
		facts[name] = value
	}
	return facts
}

func (l *lab) atEnd(end func()) { l.ends = append(l.ends, end) }

func (l *lab) close() {
	for i := len(l.ends) - 1; i >= 0; i-- {
		l.ends[i]()
	}
}

func (l *lab) name() string { return prefix + "-" + strings.ReplaceAll(l.id, ".", "-") }

func (l *lab) group() string { return l.name() + "-c" }

// topic makes the case's topic on the broker, and waits until the name server has it.
func (l *lab) topic(queues int) string {
	createTopic(l.name(), queues)
	return l.name()
}

func createTopic(topic string, queues int) {
	must(operator.CreateTopic(ctx, admin.WithTopicCreate(topic), admin.WithBrokerAddrCreate(broker),
		admin.WithReadQueueNums(queues), admin.WithWriteQueueNums(queues)))
	routed(topic)
}

func routed(topic string) {
	until("a route of "+topic, func() bool {
		queues, err := operator.FetchPublishMessageQueues(ctx, topic)
		return err == nil && len(queues) > 0
	})
}

// retryTopic is made by a group's first heartbeat, and Go looks for new topics every half a minute: it is there before.
func retryTopic(group string) { createTopic("%RETRY%"+group, 1) }

func newProducer(group, instance string, options ...producer.Option) rocketmq.Producer {
	p, err := rocketmq.NewProducer(append([]producer.Option{
		producer.WithNameServer(primitive.NamesrvAddr{namesrv}), producer.WithGroupName(group),
		producer.WithInstanceName(instance), producer.WithSendMsgTimeout(patience),
	}, options...)...)
	must(err)
	must(p.Start())
	return p
}

func (l *lab) producer(options ...producer.Option) rocketmq.Producer {
	p := newProducer(l.name()+"-p", l.name()+"-i", options...)
	l.atEnd(func() { _ = p.Shutdown() })
	return p
}

func (l *lab) consumer(group string, options ...consumer.Option) rocketmq.PushConsumer {
	l.members++
	c, err := rocketmq.NewPushConsumer(append([]consumer.Option{
		consumer.WithNameServer(primitive.NamesrvAddr{namesrv}), consumer.WithGroupName(group),
		consumer.WithInstance(fmt.Sprintf("%s-%d", l.name(), l.members)),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
	}, options...)...)
	must(err)
	return c
}

func (l *lab) start(c rocketmq.PushConsumer) {
	l.atEnd(func() { _ = c.Shutdown() })
	must(c.Start())
}

// inbox is what came to a handler, in its order.
type inbox struct {
	lock     sync.Mutex
	messages []*primitive.MessageExt
}

func (i *inbox) add(messages ...*primitive.MessageExt) {
	i.lock.Lock()
	defer i.lock.Unlock()
	i.messages = append(i.messages, messages...)
}

func (i *inbox) all() []*primitive.MessageExt {
	i.lock.Lock()
	defer i.lock.Unlock()
	return append([]*primitive.MessageExt{}, i.messages...)
}

// await waits for so many, and a moment longer for what must not come.
func (i *inbox) await(count int) []*primitive.MessageExt {
	until(fmt.Sprintf("%d messages", count), func() bool { return len(i.all()) >= count })
	time.Sleep(300 * time.Millisecond)
	return i.all()
}

// collect starts a consumer that takes everything.
func (l *lab) collect(c rocketmq.PushConsumer, topic string, selector consumer.MessageSelector) *inbox {
	i := &inbox{}
	must(c.Subscribe(topic, selector, func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		i.add(messages...)
		return consumer.ConsumeSuccess, nil
	}))
	l.start(c)
	return i
}

// read consumes so many messages of a topic, by queue and offset.
func (l *lab) read(topic string, count int) []*primitive.MessageExt {
	all := l.collect(l.consumer(l.group()), topic, consumer.MessageSelector{}).await(count)
	sort.Slice(all, func(a, b int) bool {
		if all[a].Queue.QueueId != all[b].Queue.QueueId {
			return all[a].Queue.QueueId < all[b].Queue.QueueId
		}
		return all[a].QueueOffset < all[b].QueueOffset
	})
	return all
}

func send(messages ...*primitive.Message) *primitive.SendResult {
	result, err := sender.SendSync(ctx, messages...)
	must(err)
	return result
}

// sendAll sends bodies to the queues in turn.
func sendAll(topic string, bodies ...string) {
	for _, body := range bodies {
		send(primitive.NewMessage(topic, []byte(body)))
	}
}

func numbers(count int) []string {
	var texts []string
	for i := 0; i < count; i++ {
		texts = append(texts, fmt.Sprint(i))
	}
	return texts
}

func texts(messages []*primitive.MessageExt) []string {
	found := []string{}
	for _, message := range messages {
		found = append(found, string(message.Body))
	}
	return found
}

func sorted(texts []string) []string {
	sort.Strings(texts)
	return texts
}

func ids(messages []*primitive.MessageExt) int {
	found := map[string]bool{}
	for _, message := range messages {
		found[message.MsgId] = true
	}
	return len(found)
}

// plain is a text without the names that are this run's own.
func plain(text string) string { return strings.ReplaceAll(text, prefix, "P") }

// properties are all of a message, the client's and the broker's too; of some only that they are there.
func properties(message *primitive.Message) map[string]string {
	found := map[string]string{}
	for name, value := range message.GetProperties() {
		// the client that pulled adds these, by what it has pulled with it
		if name == "MIN_OFFSET" || name == "MAX_OFFSET" {
			continue
		}
		if volatile[name] {
			value = "*"
		}
		found[name] = plain(value)
	}
	return found
}

// until waits for something that must come; how long does not matter.
func until(what string, holds func() bool) {
	for end := time.Now().Add(60 * time.Second); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			panic("did not come: " + what)
		}
	}
}

func need(holds bool, claim string) {
	if !holds {
		panic(claim)
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
