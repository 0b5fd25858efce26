package main

import (
	"github.com/apache/rocketmq-client-go/v2/admin"
)

// The operator's part of the Go client.
func operating() {
	add("go.admin.topics", "makes a topic, lists it, deletes it", adminTopics)
}

func listed(topic string) bool {
	list, err := operator.FetchAllTopicList(ctx)
	must(err)
	for _, name := range list.TopicList {
		if name == topic {
			return true
		}
	}
	return false
}

func adminTopics(l *lab) {
	topic := l.topic(3)
	queues, err := operator.FetchPublishMessageQueues(ctx, topic)
	must(err)
	l.saw("queues", len(queues))
	l.saw("listed", listed(topic))
	must(operator.DeleteTopic(ctx, admin.WithTopicDelete(topic), admin.WithBrokerAddrDelete(broker), admin.WithNameSrvAddr([]string{namesrv})))
	until("it is gone", func() bool { return !listed(topic) })
}
