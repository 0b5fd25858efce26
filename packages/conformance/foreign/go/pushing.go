package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

// Push consumers that succeed: concurrent, orderly, broadcasting, filtering.
func pushing() {
	add("go.push.concurrent", "a concurrent consumer gets each message once", pushConcurrent)
	add("go.push.batch", "a handler that takes eight at once", pushBatch)
	add("go.push.orderly", "an orderly consumer gets each key in its order", pushOrderly)
	add("go.push.live", "messages that are sent after the start", pushLive)
	add("go.push.two-groups", "each of two groups gets everything", pushTwoGroups)
	add("go.push.broadcast", "each of two broadcasting members gets everything", pushBroadcast)
	add("go.push.suspend", "nothing comes while suspended, all comes after it", pushSuspend)
	add("go.filter.tags", "two tags of several", filterTags)
	add("go.filter.sql", "SQL92: numbers, text, NULL", filterSql)
}

func pushConcurrent(l *lab) {
	topic := l.topic(4)
	sendAll(topic, numbers(20)...)
	all := l.collect(l.consumer(l.group()), topic, consumer.MessageSelector{}).await(20)
	l.saw("received", sorted(texts(all)))
	l.saw("ids", ids(all))
	l.saw("properties", properties(&all[0].Message))
}

func pushBatch(l *lab) {
	topic := l.topic(1)
	sendAll(topic, numbers(16)...)
	c, i := l.consumer(l.group(), consumer.WithConsumeMessageBatchMaxSize(8)), &inbox{}
	var lock sync.Mutex
	sizes := []int{}
	must(c.Subscribe(topic, consumer.MessageSelector{}, func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		lock.Lock()
		defer lock.Unlock()
		sizes = append(sizes, len(messages))
		i.add(messages...)
		return consumer.ConsumeSuccess, nil
	}))
	l.start(c)
	l.saw("received", sorted(texts(i.await(16))))
	lock.Lock()
	defer lock.Unlock()
	l.saw("sizes", sizes)
}

func pushOrderly(l *lab) {
	topic := l.topic(4)
	p := l.producer(producer.WithQueueSelector(producer.NewHashQueueSelector()))
	for i := 0; i < 24; i++ {
		key := fmt.Sprint("key-", i%6)
		_, err := p.SendSync(ctx, primitive.NewMessage(topic, []byte(strconv.Itoa(i))).WithTag(key).WithShardingKey(key))
		must(err)
	}
	all := l.collect(l.consumer(l.group(), consumer.WithConsumerOrder(true)), topic, consumer.MessageSelector{}).await(24)
	byKey := map[string][]string{}
	for _, message := range all {
		byKey[message.GetTags()] = append(byKey[message.GetTags()], string(message.Body))
	}
	l.saw("byKey", byKey)
}

func pushLive(l *lab) {
	topic := l.topic(4)
	i := l.collect(l.consumer(l.group()), topic, consumer.MessageSelector{})
	time.Sleep(time.Second)
	sendAll(topic, numbers(8)...)
	l.saw("received", sorted(texts(i.await(8))))
}

func pushTwoGroups(l *lab) {
	topic := l.topic(2)
	sendAll(topic, numbers(6)...)
	for _, name := range []string{"1", "2"} {
		l.saw("group "+name, sorted(texts(l.collect(l.consumer(l.group()+name), topic, consumer.MessageSelector{}).await(6))))
	}
}

func pushBroadcast(l *lab) {
	topic := l.topic(3)
	var members []*inbox
	for i := 0; i < 2; i++ {
		members = append(members, l.collect(l.consumer(l.group(), consumer.WithConsumerModel(consumer.BroadCasting)), topic, consumer.MessageSelector{}))
	}
	time.Sleep(time.Second)
	sendAll(topic, numbers(6)...)
	for i, member := range members {
		l.saw(fmt.Sprint("member ", i), sorted(texts(member.await(6))))
	}
}

func pushSuspend(l *lab) {
	topic := l.topic(1)
	c := l.consumer(l.group())
	i := l.collect(c, topic, consumer.MessageSelector{})
	sendAll(topic, "before")
	i.await(1)
	c.Suspend()
	// a pull that the broker holds already brings this one
	sendAll(topic, "held")
	i.await(2)
	sendAll(topic, "suspended")
	time.Sleep(1500 * time.Millisecond)
	l.saw("suspended", texts(i.all()))
	c.Resume()
	l.saw("resumed", texts(i.await(3)))
}

func filterTags(l *lab) {
	topic := l.topic(2)
	for _, tag := range []string{"a", "b", "c", "a", "A", "ab"} {
		send(primitive.NewMessage(topic, []byte(tag)).WithTag(tag))
	}
	sendAll(topic, "none")
	l.saw("received", sorted(texts(l.collect(l.consumer(l.group()), topic, consumer.MessageSelector{Type: consumer.TAG, Expression: "a || b"}).await(3))))
}

func filterSql(l *lab) {
	topic := l.topic(2)
	for i := 0; i < 8; i++ {
		message := primitive.NewMessage(topic, []byte(strconv.Itoa(i)))
		message.WithProperty("number", strconv.Itoa(i))
		if i%2 == 0 {
			message.WithProperty("colour", []string{"red", "blue"}[i/2%2])
		}
		send(message)
	}
	for name, one := range map[string]struct {
		expression string
		count      int
	}{
		"range": {"number BETWEEN 2 AND 4 OR number > 6", 4},
		"text":  {"colour IN ('red', 'green') AND number <> 0", 1},
		"null":  {"colour IS NULL AND number <= 3", 2},
	} {
		selector := consumer.MessageSelector{Type: consumer.SQL92, Expression: one.expression}
		l.saw(name, sorted(texts(l.collect(l.consumer(l.group()+name), topic, selector).await(one.count))))
	}
}
