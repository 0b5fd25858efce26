package main

import (
	"time"

	"github.com/apache/rocketmq-client-go/v2/consumer"
)

// Members of a group: how they share the queues out, and where they start.
func sharing() {
	add("go.members.two", "two members share four queues", membersTwo)
	add("go.members.listed", "the group is known to the broker", membersListed)
	add("go.start.first", "a new group that starts at the first message", func(l *lab) { starts(l, consumer.ConsumeFromFirstOffset) })
	add("go.start.last", "a new group that starts at the end", func(l *lab) { starts(l, consumer.ConsumeFromLastOffset) })
	add("go.start.time", "a new group that starts at a time", func(l *lab) { starts(l, consumer.ConsumeFromTimestamp) })
	add("go.start.again", "a group goes on where it stopped", startsAgain)
}

func membersTwo(l *lab) {
	topic := l.topic(4)
	first := l.collect(l.consumer(l.group()), topic, consumer.MessageSelector{})
	second := l.collect(l.consumer(l.group()), topic, consumer.MessageSelector{})
	// the broker tells each of the other; then they wait no longer
	time.Sleep(3 * time.Second)
	sendAll(topic, numbers(8)...)
	until("all", func() bool { return len(first.all())+len(second.all()) >= 8 })
	l.saw("first", len(first.await(4)))
	l.saw("second", len(second.await(4)))
}

func membersListed(l *lab) {
	topic := l.topic(1)
	l.collect(l.consumer(l.group()), topic, consumer.MessageSelector{})
	until("the group", func() bool {
		groups, err := operator.GetAllSubscriptionGroup(ctx, broker, patience)
		must(err)
		config, there := groups.SubscriptionGroupTable[l.group()]
		if there {
			l.saw("group", []any{config.ConsumeEnable, config.ConsumeBroadcastEnable, config.RetryQueueNums, config.RetryMaxTimes, config.BrokerId, config.WhichBrokerWhenConsumeSlowly})
		}
		return there
	})
}

func starts(l *lab, where consumer.ConsumeFromWhere) {
	topic := l.topic(1)
	sendAll(topic, "0", "1", "2")
	i := l.collect(l.consumer(l.group(), consumer.WithConsumeFromWhere(where), consumer.WithConsumeTimestamp("20300101000000")), topic, consumer.MessageSelector{})
	time.Sleep(2 * time.Second)
	sendAll(topic, "new")
	until("the new message", func() bool {
		for _, text := range texts(i.all()) {
			if text == "new" {
				return true
			}
		}
		return false
	})
	// a queue that still has its first message is read from it, whatever a new group asks for
	l.saw("received", sorted(texts(i.await(1))))
}

func startsAgain(l *lab) {
	topic := l.topic(1)
	sendAll(topic, "0", "1", "2")
	first := l.consumer(l.group())
	l.saw("first", sorted(texts(l.collect(first, topic, consumer.MessageSelector{}).await(3))))
	// a heartbeat that overtakes the end of its client would have the broker wait two minutes for it
	time.Sleep(2 * time.Second)
	must(first.Shutdown())
	sendAll(topic, "3", "4")
	l.saw("second", sorted(texts(l.collect(l.consumer(l.group()), topic, consumer.MessageSelector{}).await(2))))
}
