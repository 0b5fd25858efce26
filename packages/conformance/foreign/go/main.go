// What the Go client does and sees on a cluster, case by case:
//
//	cases NAMESRV PREFIX CLIENTS [REGEX]
//
// The arguments and the lines of JSON are those of ../java/Main.java.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/apache/rocketmq-client-go/v2/rlog"
)

type body func(*lab)

type oneCase struct {
	id  string
	run body
}

var cases []oneCase

// add registers a case; the title is read from the sources, for the table.
func add(id, title string, run body) { cases = append(cases, oneCase{id, run}) }

type line struct {
	Id       string         `json:"id"`
	Ok       bool           `json:"ok"`
	Why      string         `json:"why,omitempty"`
	Observed map[string]any `json:"observed"`
}

func main() {
	rlog.SetLogLevel("error")
	rlog.SetOutputPath(os.DevNull)
	open(os.Args[1], os.Args[2], strings.Split(os.Args[3], ","))
	wanted := regexp.MustCompile("")
	if len(os.Args) > 4 {
		wanted = regexp.MustCompile("^(" + os.Args[4] + ")$")
	}
	sending()
	transacting()
	requesting()
	pushing()
	retrying()
	sharing()
	pulling()
	operating()
	crossing()
	var running sync.WaitGroup
	var output sync.Mutex
	places := make(chan struct{}, 16)
	for _, one := range cases {
		if !wanted.MatchString(one.id) {
			continue
		}
		running.Add(1)
		go func(one oneCase) {
			defer running.Done()
			places <- struct{}{}
			defer func() { <-places }()
			text, err := json.Marshal(run(one))
			must(err)
			output.Lock()
			defer output.Unlock()
			fmt.Println(string(text))
		}(one)
	}
	running.Wait()
	os.Exit(0)
}

func run(one oneCase) (result line) {
	l := &lab{id: one.id, observed: map[string]any{}}
	defer func() {
		result = line{Id: one.id, Ok: true, Observed: l.facts()}
		if failure := recover(); failure != nil {
			result.Ok, result.Why = false, fmt.Sprint(failure)
			fmt.Fprintln(os.Stderr, one.id, failure, string(debug.Stack()))
		}
		l.close()
	}()
	one.run(l)
	return
}
