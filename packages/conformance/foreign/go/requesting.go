package main

import (
	"context"
	"strings"
	"time"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

// Requests, and the replies to them.
func requesting() {
	add("go.request.sync", "requests, in few bytes and in many, and their replies", requestSync)
	add("go.request.timeout", "a request that nobody answers", requestTimeout)
}

// answer replies until the requester is known: Go's first heartbeat comes a second after its start.
func answer(request *primitive.MessageExt, body string) {
	for attempt := 0; attempt < 40; attempt++ {
		reply, err := consumer.CreateReplyMessage(request, nil)
		must(err)
		reply.Body = []byte(body)
		if _, err = sender.SendSync(ctx, reply); err == nil {
			return
		}
		time.Sleep(250 * time.Millisecond)
	}
}

func requestSync(l *lab) {
	topic := l.topic(2)
	c, asked := l.consumer(l.group()), &inbox{}
	must(c.Subscribe(topic, consumer.MessageSelector{}, func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		for _, request := range messages {
			asked.add(request)
			answer(request, "re: "+string(request.Body))
		}
		return consumer.ConsumeSuccess, nil
	}))
	l.start(c)
	var replies []any
	for _, size := range []int{1, 1_000} {
		question := strings.Repeat("question ", size)
		reply, err := sender.Request(ctx, 60*time.Second, primitive.NewMessage(topic, []byte(question)).WithTag("tag"))
		must(err)
		need(string(reply.Body) == "re: "+question, "the reply")
		replies = append(replies, []any{plain(reply.Topic), len(reply.Body), properties(reply)})
	}
	l.saw("replies", replies)
	var requests []any
	for _, request := range asked.all() {
		requests = append(requests, []any{request.SysFlag, properties(&request.Message)})
	}
	l.saw("requests", requests)
}

func requestTimeout(l *lab) {
	topic := l.topic(1)
	_, err := sender.Request(ctx, time.Second, primitive.NewMessage(topic, []byte("anybody")))
	need(err != nil, "no reply")
	l.saw("read", texts(l.read(topic, 1)))
}
