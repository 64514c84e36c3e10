// Uses the client that OpenAPI Generator writes for Go.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"example.org/smoke/taskbell"
)

func main() {
	configuration := taskbell.NewConfiguration()
	configuration.Servers = taskbell.ServerConfigurations{{URL: os.Getenv("TASKBELL_URL")}}
	client := taskbell.NewAPIClient(configuration)
	ctx := context.WithValue(context.Background(), taskbell.ContextAccessToken, os.Getenv("TASKBELL_KEY"))

	request := taskbell.NewCreateTask("from Go")
	request.SetDelay(3600)
	request.SetPayload(map[string]interface{}{"rows": []map[string]interface{}{{"a": 1}}})
	request.SetTags([]string{"go"})
	created, _, err := client.TasksAPI.CreateTask(ctx).CreateTask(*request).Execute()
	check(err)
	task, _, err := client.TasksAPI.ReadTask(ctx, created.GetId()).Execute()
	check(err)
	waiting := task.GetWaiting()
	if task.GetStatus() != taskbell.SCHEDULED || waiting.GetReason() != "time" {
		log.Fatalf("Unexpected task: %+v", task)
	}
	_, _, err = client.TasksAPI.ListTasks(ctx).Status([]taskbell.TaskStatus{taskbell.SCHEDULED}).Tag([]string{"go"}).Execute()
	check(err)
	_, _, err = client.TasksAPI.ReadTaskHistory(ctx, created.GetId()).Execute()
	check(err)
	_, _, err = client.CommandsAPI.CancelTask(ctx, created.GetId()).Execute()
	check(err)
	many := taskbell.NewBulkCreate([]taskbell.CreateTask{*request})
	results, _, err := client.BulkOperationsAPI.CreateTasks(ctx).BulkCreate(*many).Execute()
	check(err)
	if results.Results[0].CreatedTask == nil {
		log.Fatalf("Unexpected results: %+v", results)
	}
	_, _, err = client.OverviewAPI.GetOverview(ctx).Execute()
	check(err)
	fmt.Println("created, read, listed, cancelled")
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
