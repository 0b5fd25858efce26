// The Go client as the other side of an interoperation test: the commands of JavaPeer.java, with the same lines of JSON.
//
//	gopeer produce NAMESRV TOPIC GROUP COUNT
//	gopeer digest NAMESRV TOPIC GROUP COUNT [SECONDS]
//	gopeer request NAMESRV TOPIC GROUP COUNT
//	gopeer reply NAMESRV TOPIC GROUP COUNT [SECONDS]
//
// `produce` sends COUNT messages: plain ones, every fifth over the compression threshold, the last ten as one batch. It
// prints each as it was given to the client.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
	"github.com/apache/rocketmq-client-go/v2/rlog"
)

const large = 10_000

// For one request: of a machine that is busy with other tests nothing is claimed.
const patience = 30 * time.Second

var (
	ctx                   = context.Background()
	namesrv, topic, group string
	count                 int
	seconds               = 60
	output                sync.Mutex
)

func main() {
	rlog.SetLogLevel("error")
	namesrv, topic, group = os.Args[2], os.Args[3], os.Args[4]
	count = number(os.Args[5])
	if len(os.Args) > 6 {
		seconds = number(os.Args[6])
	}
	switch os.Args[1] {
	case "produce":
		produce()
	case "digest":
		digest()
	case "request":
		request()
	case "reply":
		reply()
	default:
		must(fmt.Errorf("unknown command %s", os.Args[1]))
	}
}

type line struct {
	Number         *int              `json:"number,omitempty"`
	Error          string            `json:"error,omitempty"`
	MsgId          string            `json:"msgId"`
	Tags           *string           `json:"tags"`
	Keys           *string           `json:"keys"`
	ShardingKey    *string           `json:"shardingKey"`
	Flag           int32             `json:"flag"`
	Properties     map[string]string `json:"properties"`
	BodyLength     int               `json:"bodyLength"`
	Sha256         string            `json:"sha256"`
	ReconsumeTimes int32             `json:"reconsumeTimes"`
}

func describe(message *primitive.Message) line {
	sum := sha256.Sum256(message.Body)
	return line{
		MsgId:       message.GetProperty(primitive.PropertyUniqueClientMessageIdKeyIndex),
		Tags:        optional(message.GetTags()),
		Keys:        optional(message.GetKeys()),
		ShardingKey: optional(message.GetShardingKey()),
		Flag:        message.Flag,
		Properties:  message.GetProperties(),
		BodyLength:  len(message.Body),
		Sha256:      hex.EncodeToString(sum[:]),
	}
}

func received(message *primitive.MessageExt) line {
	described := describe(&message.Message)
	described.MsgId, described.ReconsumeTimes = message.MsgId, message.ReconsumeTimes
	return described
}

func body(i int) []byte {
	text := fmt.Sprintf("go %d ", i)
	if i%5 == 0 {
		text += strings.Repeat("compressible ", large/13)
	}
	return []byte(text)
}

func message(i int) *primitive.Message {
	tags := []string{"even", "odd"}
	made := primitive.NewMessage(topic, body(i)).WithTag(tags[i%2]).WithKeys([]string{fmt.Sprintf("k%d", i), "grün 🚀"})
	made.WithProperty("number", strconv.Itoa(i))
	made.WithProperty("größe", "日本語 👩‍🚀")
	made.Flag = int32(i)
	return made
}

func produce() {
	p := newProducer(group)
	batch := 10
	if count < batch {
		batch = count
	}
	for i := 0; i < count-batch; i++ {
		single := message(i)
		accepted(p.SendSync(ctx, single))
		print(describe(single))
	}
	members := make([]*primitive.Message, batch)
	for k := range members {
		members[k] = message(count - batch + k)
		members[k].Body = []byte(fmt.Sprintf("go member %d", k))
		// it gives unique keys to single messages only
		members[k].WithProperty(primitive.PropertyUniqueClientMessageIdKeyIndex, primitive.CreateUniqID())
	}
	accepted(p.SendSync(ctx, members...))
	for _, member := range members {
		print(describe(member))
	}
	must(p.Shutdown())
	fmt.Println("done", count)
}

func digest() {
	seen := newTally()
	c := newConsumer(func(message *primitive.MessageExt) {
		print(received(message))
		seen.add(message.MsgId)
	})
	seen.finish(c)
}

func request() {
	p := newProducer(group)
	replies := 0
	for i := 0; i < count; i++ {
		i := i
		answer, err := p.Request(ctx, patience, message(i))
		if err != nil {
			print(line{Number: &i, Error: err.Error()})
			continue
		}
		described := describe(answer)
		described.Number = &i
		print(described)
		replies++
	}
	// its answer to the push of the last reply is on its way
	time.Sleep(200 * time.Millisecond)
	must(p.Shutdown())
	fmt.Println(outcome(replies == count), replies)
}

func reply() {
	p := newProducer(group + "-p")
	seen := newTally()
	c := newConsumer(func(message *primitive.MessageExt) {
		print(received(message))
		answer(p, message)
		seen.add(message.MsgId)
	})
	// it does not tell when it has queues; Start has rebalanced once
	fmt.Println("ready")
	seen.finish(c)
	must(p.Shutdown())
}

// A requester may be unknown to the broker for a while, as Go's first heartbeat comes a second after its start, or for
// good, as it ends with its last reply. Whether replies came is for the requester to say.
func answer(p rocketmq.Producer, request *primitive.MessageExt) {
	for attempt := 0; attempt < 20; attempt++ {
		answer, err := consumer.CreateReplyMessage(request, nil)
		must(err)
		// CreateReplyMessage reads properties from the body that it is given, and sets none
		answer.Body = append([]byte("re: "), request.Body...)
		if _, err = p.SendSync(ctx, answer); err == nil {
			return
		}
		fmt.Fprintln(os.Stderr, err)
		time.Sleep(250 * time.Millisecond)
	}
}

func newProducer(group string) rocketmq.Producer {
	p, err := rocketmq.NewProducer(producer.WithNameServer(primitive.NamesrvAddr{namesrv}), producer.WithGroupName(group))
	must(err)
	must(p.Start())
	return p
}

func newConsumer(handle func(*primitive.MessageExt)) rocketmq.PushConsumer {
	c, err := rocketmq.NewPushConsumer(
		consumer.WithNameServer(primitive.NamesrvAddr{namesrv}),
		consumer.WithGroupName(group),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
	)
	must(err)
	must(c.Subscribe(topic, consumer.MessageSelector{},
		func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
			for _, message := range messages {
				handle(message)
			}
			return consumer.ConsumeSuccess, nil
		}))
	must(c.Start())
	return c
}

// The different messages that came.
type tally struct {
	lock sync.Mutex
	ids  map[string]bool
	all  chan struct{}
}

func newTally() *tally { return &tally{ids: map[string]bool{}, all: make(chan struct{})} }

func (t *tally) add(id string) {
	t.lock.Lock()
	defer t.lock.Unlock()
	if !t.ids[id] {
		if t.ids[id] = true; len(t.ids) == count {
			close(t.all)
		}
	}
}

func (t *tally) finish(c rocketmq.PushConsumer) {
	complete := true
	select {
	case <-t.all:
	case <-time.After(time.Duration(seconds) * time.Second):
		complete = false
	}
	must(c.Shutdown())
	t.lock.Lock()
	defer t.lock.Unlock()
	fmt.Println(outcome(complete), len(t.ids))
}

func outcome(complete bool) string {
	if complete {
		return "done"
	}
	return "missing"
}

func accepted(result *primitive.SendResult, err error) {
	must(err)
	if result.Status != primitive.SendOK {
		must(fmt.Errorf("send status %d", result.Status))
	}
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func print(value line) {
	text, err := json.Marshal(value)
	must(err)
	output.Lock()
	defer output.Unlock()
	fmt.Println(string(text))
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	must(err)
	return value
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
