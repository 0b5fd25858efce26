package main

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

// With the clients of other languages; see Crossing.java.
func crossing() {
	add("go.cross.write", "writes for the other clients", crossWrite)
	if has("java") {
		add("go.cross.java", "reads what Java has written", func(l *lab) { crossRead(l, "java") })
		add("go.cross.share-java", "shares eight queues with Java", crossShare)
		add("go.cross.ask-java", "asks Java", crossAsk)
	}
	if has("node") {
		add("go.cross.node", "reads what ali-ons has written", func(l *lab) { crossRead(l, "node") })
	}
}

func has(client string) bool {
	for _, other := range clients {
		if other == client {
			return true
		}
	}
	return false
}

func crossWrite(l *lab) {
	topic := prefix + "-cross-go"
	for i := 0; i < 6; i++ {
		text := fmt.Sprint("go grün 🚀 ", i)
		if i == 5 {
			text = strings.Repeat("compressible ", 1_000)
		}
		message := primitive.NewMessage(topic, []byte(text)).WithTag([]string{"even", "odd"}[i%2]).WithKeys([]string{fmt.Sprint("k", i)})
		message.WithProperty("number", strconv.Itoa(i))
		message.WithProperty("größe", "日本語")
		l.saw(strconv.Itoa(i), send(message).Status)
	}
}

func crossRead(l *lab, language string) {
	topic := prefix + "-cross-" + language
	routed(topic)
	all := l.collect(l.consumer(l.group()), topic, consumer.MessageSelector{}).await(6)
	sort.Slice(all, func(a, b int) bool { return all[a].GetProperty("number") < all[b].GetProperty("number") })
	for i, message := range all {
		about := described(message)
		// which queue it is in is chance
		delete(about, "offset")
		l.saw(strconv.Itoa(i), about)
	}
}

func crossShare(l *lab) {
	topic := prefix + "-cross-share"
	routed(topic)
	l.saw("received", sorted(texts(l.collect(l.consumer(topic+"-c"), topic, consumer.MessageSelector{}).await(8))))
}

func crossAsk(l *lab) {
	topic := prefix + "-cross-ask"
	routed(topic)
	for _, question := range []string{"one", "two"} {
		reply, err := sender.Request(ctx, 60*time.Second, primitive.NewMessage(topic, []byte(question)))
		must(err)
		l.saw(question, string(reply.Body))
	}
}
