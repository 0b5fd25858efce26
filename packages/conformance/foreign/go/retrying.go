package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

// Handlers that fail: redelivery, its counts, dead letters.
func retrying() {
	add("go.retry.concurrent", "fails once: delivered again with its count", retryConcurrent)
	add("go.retry.dead-letter", "after its last retry it is a dead letter", retryDeadLetter)
	add("go.retry.orderly-suspend", "an orderly handler that suspends keeps the order", retryOrderly)
}

func failing(l *lab, topic string, fails func(*primitive.MessageExt) bool, options ...consumer.Option) *inbox {
	retryTopic(l.group())
	c, i := l.consumer(l.group(), options...), &inbox{}
	must(c.Subscribe(topic, consumer.MessageSelector{}, func(context context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		i.add(messages...)
		if concurrently, there := primitive.GetConcurrentlyCtx(context); there {
			concurrently.DelayLevelWhenNextConsume = 1
		}
		if fails(messages[0]) {
			return consumer.ConsumeRetryLater, nil
		}
		return consumer.ConsumeSuccess, nil
	}))
	l.start(c)
	return i
}

func retryConcurrent(l *lab) {
	topic := l.topic(1)
	result := send(primitive.NewMessage(topic, []byte("fails")).WithTag("tag").WithKeys([]string{"key"}))
	all := failing(l, topic, func(message *primitive.MessageExt) bool { return message.ReconsumeTimes == 0 }).await(2)
	l.saw("times", []int32{all[0].ReconsumeTimes, all[1].ReconsumeTimes})
	l.saw("topic", plain(all[1].Topic))
	l.saw("sameId", all[1].MsgId == result.MsgID)
	l.saw("properties", properties(&all[1].Message))
}

func retryDeadLetter(l *lab) {
	topic := l.topic(1)
	send(primitive.NewMessage(topic, []byte("fails")).WithTag("tag"))
	failing(l, topic, func(*primitive.MessageExt) bool { return true }, consumer.WithMaxReconsumeTimes(1))
	dead := "%DLQ%" + l.group()
	routed(dead)
	i := l.collect(l.consumer(l.group()+"-dead"), dead, consumer.MessageSelector{})
	l.saw("deadLetters", descriptions(i.await(1)))
}

func retryOrderly(l *lab) {
	topic := l.topic(1)
	sendAll(topic, "0", "1", "2")
	c := l.consumer(l.group(), consumer.WithConsumerOrder(true))
	var lock sync.Mutex
	seen, failures := []string{}, 0
	must(c.Subscribe(topic, consumer.MessageSelector{}, func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		lock.Lock()
		defer lock.Unlock()
		text := string(messages[0].Body)
		seen = append(seen, text)
		if text == "1" && failures < 2 {
			failures++
			return consumer.SuspendCurrentQueueAMoment, nil
		}
		return consumer.ConsumeSuccess, nil
	}))
	l.start(c)
	until("the last message", func() bool {
		lock.Lock()
		defer lock.Unlock()
		return len(seen) >= 5
	})
	l.saw("received", fmt.Sprint(seen))
}
