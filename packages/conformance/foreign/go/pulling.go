package main

import (
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

// The consumers that pull and poll.
func pulling() {
	add("go.pull.from", "pulls from an offset, and what the broker answers", pullFrom)
	add("go.pull.tags", "pulls with a tag", pullTags)
	add("go.pull.poll", "polls a topic, and acknowledges", pullPoll)
	add("go.pull.offsets", "an offset written, read, and used again", pullOffsets)
}

func (l *lab) puller(topic string, selector consumer.MessageSelector) rocketmq.PullConsumer {
	l.members++
	c, err := rocketmq.NewPullConsumer(consumer.WithNameServer(primitive.NamesrvAddr{namesrv}), consumer.WithGroupName(l.group()),
		consumer.WithInstance(l.name()+string(rune('0'+l.members))), consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset))
	must(err)
	must(c.Subscribe(topic, selector))
	must(c.Start())
	l.atEnd(func() { _ = c.Shutdown() })
	return c
}

func answered(result *primitive.PullResult, err error) []any {
	must(err)
	return []any{result.Status, result.NextBeginOffset, result.MinOffset, result.MaxOffset, texts(result.GetMessageExts())}
}

func pullFrom(l *lab) {
	topic := l.topic(1)
	sendAll(topic, numbers(6)...)
	c, queue := l.puller(topic, consumer.MessageSelector{}), &primitive.MessageQueue{Topic: topic, BrokerName: brokerName}
	l.saw("all", answered(c.PullFrom(ctx, queue, 0, 32)))
	l.saw("two", answered(c.PullFrom(ctx, queue, 1, 2)))
	l.saw("beyond", answered(c.PullFrom(ctx, queue, 100, 32)))
}

func pullTags(l *lab) {
	topic := l.topic(1)
	for _, tag := range []string{"a", "b", "a"} {
		send(primitive.NewMessage(topic, []byte(tag)).WithTag(tag))
	}
	c, queue := l.puller(topic, consumer.MessageSelector{Type: consumer.TAG, Expression: "b"}), &primitive.MessageQueue{Topic: topic, BrokerName: brokerName}
	l.saw("found", answered(c.PullFrom(ctx, queue, 0, 32)))
	l.saw("no match", answered(c.PullFrom(ctx, queue, 2, 32)))
}

func pullPoll(l *lab) {
	topic := l.topic(2)
	sendAll(topic, numbers(8)...)
	c := l.puller(topic, consumer.MessageSelector{})
	var found []string
	until("all", func() bool {
		request, err := c.Poll(ctx, time.Second)
		if consumer.IsNoNewMsgError(err) {
			return false
		}
		must(err)
		found = append(found, texts(request.GetMsgList())...)
		c.ACK(ctx, request, consumer.ConsumeSuccess)
		return len(found) >= 8
	})
	l.saw("polled", sorted(found))
}

func pullOffsets(l *lab) {
	topic := l.topic(1)
	sendAll(topic, "0", "1", "2")
	c, queue := l.puller(topic, consumer.MessageSelector{}), &primitive.MessageQueue{Topic: topic, BrokerName: brokerName}
	must(c.UpdateOffset(queue, 2))
	must(c.PersistOffset(ctx, topic))
	offset, err := c.CurrentOffset(queue)
	must(err)
	l.saw("offset", offset)
	must(c.Shutdown())
	i := l.collect(l.consumer(l.group()), topic, consumer.MessageSelector{})
	l.saw("goes on", sorted(texts(i.await(1))))
}
