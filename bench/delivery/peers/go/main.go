// Measures PutRecords of version 1 of the SDK for Go, with its defaults, from bytes. It takes and prints the same JSON as onePath.ts.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/kinesis"
)

const batch = 500

type run struct {
	Endpoint    string
	Events      int
	Concurrency int
	EventsFile  string
}

func main() {
	var input run
	check(json.Unmarshal([]byte(os.Args[1]), &input))
	content, err := os.ReadFile(input.EventsFile)
	check(err)
	events := bytes.Split(content, []byte("\n"))
	client := kinesis.New(session.Must(session.NewSession(&aws.Config{
		Region:      aws.String("us-east-1"),
		Endpoint:    aws.String(input.Endpoint),
		Credentials: credentials.NewStaticCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""),
	})))
	sendEvents(client, events, input.Events/4, input.Concurrency)
	before, start := cpu(), time.Now()
	sent := sendEvents(client, events, input.Events, input.Concurrency)
	seconds := time.Since(start).Seconds()
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	figures := map[string]float64{
		"cpuPerMillion": (cpu() - before) / float64(sent) * 1e6,
		"perSecond":     float64(sent) / seconds,
		"megabytes":     float64(usage.Maxrss) / 1024,
	}
	check(json.NewEncoder(os.Stdout).Encode(figures))
}

func sendEvents(client *kinesis.Kinesis, events [][]byte, count, concurrency int) int {
	requests := int64((count + batch - 1) / batch)
	var next atomic.Int64
	var workers sync.WaitGroup
	for worker := 0; worker < concurrency; worker++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for number := next.Add(1); number <= requests; number = next.Add(1) {
				put(client, events, int(number-1)*batch%len(events))
			}
		}()
	}
	workers.Wait()
	return int(requests) * batch
}

func put(client *kinesis.Kinesis, events [][]byte, first int) {
	records := make([]*kinesis.PutRecordsRequestEntry, batch)
	for index := range records {
		records[index] = &kinesis.PutRecordsRequestEntry{
			Data:         events[first+index],
			PartitionKey: aws.String(fmt.Sprintf("amplitude-kinesis.bench.%d", index)),
		}
	}
	_, err := client.PutRecords(&kinesis.PutRecordsInput{StreamName: aws.String("bench"), Records: records})
	check(err)
}

func cpu() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
