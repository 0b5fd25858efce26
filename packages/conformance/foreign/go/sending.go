package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

// Producers of all kinds, and what is stored of what they send.
func sending() {
	add("go.send.sync", "sends one by one: receipts, queues in turn, offsets", sendSync)
	add("go.send.async", "sends with callbacks", sendAsync)
	add("go.send.oneway", "sends without an answer", sendOneway)
	add("go.send.batch", "sends five messages as one batch", sendBatch)
	add("go.send.queue", "sends to a chosen queue", sendQueue)
	add("go.send.by-key", "sends by sharding key, each key in its order", sendByKey)
	add("go.send.properties", "tags, keys, properties, flag", sendProperties)
	add("go.send.zlib", "a body compressed by ZLIB", sendZlib)
	add("go.send.large", "a body of 1 MiB that does not compress", sendLarge)
	add("go.send.too-large", "a body of 5 MiB is refused", sendTooLarge)
	add("go.send.auto-topic", "a send makes its topic", sendAutoTopic)
	add("go.send.namespace", "names in a namespace", sendNamespace)
	add("go.delay.level", "delay level 1, a second", delayLevel)
	add("go.delay.millis", "a delay in milliseconds, as a property", delayMillis)
}

func sendSync(l *lab) {
	topic := l.topic(4)
	queues, offsets, statuses := map[string]int{}, []int{}, map[string]bool{}
	for _, body := range numbers(8) {
		result := send(primitive.NewMessage(topic, []byte(body)))
		queues[strconv.Itoa(result.MessageQueue.QueueId)]++
		offsets = append(offsets, int(result.QueueOffset))
		statuses[fmt.Sprint(result.Status, result.RegionID, result.TraceOn, len(result.OffsetMsgID))] = true
	}
	sort.Ints(offsets)
	l.saw("queues", queues)
	l.saw("offsets", offsets)
	l.saw("statuses", statuses)
	l.saw("read", sorted(texts(l.read(topic, 8))))
}

func sendAsync(l *lab) {
	topic := l.topic(4)
	var running sync.WaitGroup
	var lock sync.Mutex
	statuses := map[string]int{}
	for _, body := range numbers(8) {
		running.Add(1)
		must(sender.SendAsync(ctx, func(_ context.Context, result *primitive.SendResult, err error) {
			defer running.Done()
			lock.Lock()
			defer lock.Unlock()
			if err != nil {
				statuses[err.Error()]++
			} else {
				statuses[strconv.Itoa(int(result.Status))]++
			}
		}, primitive.NewMessage(topic, []byte(body))))
	}
	running.Wait()
	l.saw("statuses", statuses)
	l.saw("read", sorted(texts(l.read(topic, 8))))
}

func sendOneway(l *lab) {
	topic := l.topic(4)
	i, read := l.collect(l.consumer(l.group()), topic, consumer.MessageSelector{}), map[string]bool{}
	// a broker that is busy drops what nobody awaits: it is sent again
	until("eight messages", func() bool {
		for _, text := range texts(i.all()) {
			read[text] = true
		}
		for _, body := range numbers(8) {
			if !read[body] {
				must(sender.SendOneWay(ctx, primitive.NewMessage(topic, []byte(body))))
			}
		}
		time.Sleep(time.Second)
		return len(read) == 8
	})
	l.saw("read", read)
}

// described is all that does not depend on time, address or chance.
func described(message *primitive.MessageExt) map[string]any {
	text := string(message.Body)
	if len(text) > 100 {
		text = fmt.Sprint(len(text), " ", text[:20])
	}
	return map[string]any{
		"body": text, "flag": message.Flag, "sysFlag": message.SysFlag, "offset": message.QueueOffset,
		"times": message.ReconsumeTimes, "topic": plain(message.Topic), "properties": properties(&message.Message),
	}
}

func descriptions(messages []*primitive.MessageExt) []any {
	found := []any{}
	for _, message := range messages {
		found = append(found, described(message))
	}
	return found
}

func sendBatch(l *lab) {
	topic := l.topic(4)
	var members []*primitive.Message
	for i := 0; i < 5; i++ {
		member := primitive.NewMessage(topic, []byte(fmt.Sprint("member ", i))).WithTag(fmt.Sprint("t", i)).WithKeys([]string{fmt.Sprint("k", i)})
		member.WithProperty("number", strconv.Itoa(i))
		members = append(members, member)
	}
	result := send(members...)
	l.saw("receipt", []any{result.Status, result.QueueOffset, len(strings.Split(result.OffsetMsgID, ","))})
	l.saw("read", descriptions(l.read(topic, 5)))
}

func sendQueue(l *lab) {
	topic := l.topic(4)
	p := l.producer(producer.WithQueueSelector(producer.NewManualQueueSelector()))
	for i := 0; i < 4; i++ {
		message := primitive.NewMessage(topic, []byte(strconv.Itoa(i)))
		message.Queue = &primitive.MessageQueue{Topic: topic, BrokerName: brokerName, QueueId: 2}
		result, err := p.SendSync(ctx, message)
		must(err)
		need(result.MessageQueue.QueueId == 2 && result.QueueOffset == int64(i), "the chosen queue")
	}
	var queues []int
	all := l.read(topic, 4)
	for _, message := range all {
		queues = append(queues, message.Queue.QueueId)
	}
	l.saw("queues", queues)
	l.saw("read", texts(all))
}

func sendByKey(l *lab) {
	topic := l.topic(4)
	p := l.producer(producer.WithQueueSelector(producer.NewHashQueueSelector()))
	queues := map[string]map[int]bool{}
	for i := 0; i < 12; i++ {
		key := fmt.Sprint("key-", i%4)
		result, err := p.SendSync(ctx, primitive.NewMessage(topic, []byte(fmt.Sprint(key, " ", i))).WithShardingKey(key))
		must(err)
		if queues[key] == nil {
			queues[key] = map[int]bool{}
		}
		queues[key][result.MessageQueue.QueueId] = true
	}
	l.saw("queues", queues)
	l.saw("read", texts(l.read(topic, 12)))
}

func sendProperties(l *lab) {
	topic := l.topic(1)
	message := primitive.NewMessage(topic, []byte("grün 🚀")).WithTag("tag").WithKeys([]string{"k1", "k2"})
	message.WithProperty("größe", "日本語 👩‍🚀")
	message.WithProperty("number", "1")
	message.Flag = 7
	send(message)
	send(primitive.NewMessage(topic, []byte{0}))
	l.saw("read", descriptions(l.read(topic, 2)))
}

func sendZlib(l *lab) {
	topic := l.topic(1)
	send(primitive.NewMessage(topic, []byte(strings.Repeat("compressible ", 4_000))))
	read := l.read(topic, 1)
	l.saw("read", descriptions(read))
	l.saw("small", read[0].StoreSize < 2_000)
}

func noise(size int) []byte {
	bytes := make([]byte, size)
	rand.New(rand.NewSource(1)).Read(bytes)
	return bytes
}

func sendLarge(l *lab) {
	topic := l.topic(1)
	p := l.producer(producer.WithCompressMsgBodyOverHowmuch(1 << 30))
	_, err := p.SendSync(ctx, primitive.NewMessage(topic, noise(1<<20)))
	must(err)
	l.saw("whole", bytes.Equal(l.read(topic, 1)[0].Body, noise(1<<20)))
}

// failure is an error without what depends on names and addresses.
func failure(err error) string {
	if err == nil {
		return "none"
	}
	var broker primitive.MQBrokerErr
	if errors.As(err, &broker) {
		return fmt.Sprint("MQBrokerErr ", broker.ResponseCode)
	}
	return plain(strings.Split(err.Error(), " CODE:")[0])
}

func sendTooLarge(l *lab) {
	topic := l.topic(1)
	p := l.producer(producer.WithCompressMsgBodyOverHowmuch(1<<30), producer.WithRetry(0))
	_, err := p.SendSync(ctx, primitive.NewMessage(topic, noise(5<<20)))
	need(err != nil, "a refusal")
	sendAll(topic, "small")
	l.saw("read", texts(l.read(topic, 1)))
}

func sendAutoTopic(l *lab) {
	topic := l.name()
	l.saw("status", send(primitive.NewMessage(topic, []byte("first"))).Status)
	routed(topic)
	queues, err := operator.FetchPublishMessageQueues(ctx, topic)
	must(err)
	l.saw("queues", len(queues))
	l.saw("read", texts(l.read(topic, 1)))
}

func sendNamespace(l *lab) {
	topic := l.name()
	p := l.producer(producer.WithNamespace(prefix + "-space"))
	result, err := p.SendSync(ctx, primitive.NewMessage(topic, []byte("inside")))
	must(err)
	l.saw("queue", plain(result.MessageQueue.Topic))
	routed(prefix + "-space%" + topic)
	c := l.consumer(l.group(), consumer.WithNamespace(prefix+"-space"))
	l.saw("read", descriptions(l.collect(c, topic, consumer.MessageSelector{}).await(1)))
}

func delayed(l *lab, message *primitive.Message, least int64) {
	result := send(message)
	read := l.read(message.Topic, 1)
	after := read[0].StoreTimestamp - read[0].BornTimestamp
	// RocketMQ's timers are exact to a second
	need(after >= least-1_000, fmt.Sprint("not before ", least, " ms, but after ", after))
	l.saw("sameId", read[0].MsgId == result.MsgID)
	for name := range read[0].GetProperties() {
		if strings.HasPrefix(name, "TIMER_") {
			read[0].WithProperty(name, "*")
		}
	}
	l.saw("read", descriptions(read))
}

func delayLevel(l *lab) {
	delayed(l, primitive.NewMessage(l.topic(1), []byte("later")).WithDelayTimeLevel(1), 1_000)
}

func delayMillis(l *lab) {
	message := primitive.NewMessage(l.topic(1), []byte("later"))
	message.WithProperty("TIMER_DELAY_MS", "2500")
	delayed(l, message, 2_500)
}
