// PutRecords by version 1 of the SDK for Go, as it comes, from bytes. Takes its run and prints its figures as onePath.ts does.
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
	var asked run
	check(json.Unmarshal([]byte(os.Args[1]), &asked))
	content, err := os.ReadFile(asked.EventsFile)
	check(err)
	events := bytes.Split(content, []byte("\n"))
	client := kinesis.New(session.Must(session.NewSession(&aws.Config{
		Region:      aws.String("us-east-1"),
		Endpoint:    aws.String(asked.Endpoint),
		Credentials: credentials.NewStaticCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""),
	})))
	carry(client, events, asked.Events/4, asked.Concurrency)
	before, start := cpu(), time.Now()
	sent := carry(client, events, asked.Events, asked.Concurrency)
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

func carry(client *kinesis.Kinesis, events [][]byte, count, concurrency int) int {
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
