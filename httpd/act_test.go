package httpd_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/httpd"
	"github.com/segue-run/segue/store"
)

func TestStopAndKill(t *testing.T) {
	w := newWorld(t, nil)
	w.push("w", command).is(200)
	for range 3 {
		w.start("w")
		<-w.runtime.began
	}
	stop := api + "/w/instances/1/actions/stop"
	w.do("PUT", api+"/w/instances/1/runs/5/actions/stop", "").is(400).says("as it is not the latest run [1]")
	w.do("PUT", api+"/w/instances/9/actions/stop", "").is(404)
	w.do("PUT", stop, "", "user", "").is(400)
	w.do("PUT", stop, "").is(200).has("completed", "false", "workflow_instance_status", `"IN_PROGRESS"`,
		"info", `"The action is accepted and is still running. Please check it again."`,
		"timeline_event/message", `"User [tester] take an action to STOP the running workflow instance run"`)
	w.get(api+"/w/instances/1?wait=terminal").is(200).has("status", `"STOPPED"`, "aggregated_info/step_aggregated_views/a/status", `"STOPPED"`)
	w.do("PUT", stop, "", "Content-Type", "application/json").is(200).has("completed", "true", "workflow_instance_status", `"STOPPED"`)
	w.do("PUT", api+"/w/instances/1/actions/kill", "").is(400).says("Cannot terminate a workflow instance")
	w.do("PUT", api+"/w/instances/1/actions/unblock", "").is(400).says("as it is not FAILED status")
	w.do("POST", api+"/w/instances/1/actions/restart", `{}`).is(400)
	w.do("POST", api+"/w/instances/1/actions/restart", `{"restart_policy":"RESTART_FROM_BEGINNING"}`).is(422)
	w.do("POST", api+"/w/instances/7/actions/restart", `{"restart_policy":"RESTART_FROM_BEGINNING"}`).is(404)
	w.do("POST", api+"/w/instances/2/actions/restart", `{"restart_policy":"RESTART_FROM_BEGINNING"}`).is(400)
	w.do("PUT", api+"/w/instances/2/runs/1/actions/kill", "").is(200)
	w.get(api+"/w/instances/2?wait=terminal").is(200).has("status", `"FAILED"`, "runtime_overview/rollup_overview/overview/FATALLY_FAILED/ref/w:1/0", `"2:a:1"`)
	w.do("PUT", api+"/w/actions/stop", "").is(202).has("type", `"ACTION"`, "action", `"STOP"`, "message", `"Terminated [0] queued instances and terminating [1] running instances"`)
	w.get(api+"/w/instances/3?wait=terminal").is(200).has("status", `"STOPPED"`)
	w.do("PUT", api+"/nobody/actions/kill", "").is(202)
	w.do("PUT", api+"/w/instances/3/steps/a/actions/stop", "").is(422)
	w.do("PUT", api+"/w/instances/3/steps/nobody/actions/stop", "").is(400)
	w.do("PUT", api+"/w/instances/3/steps/a/actions/dance", "").is(404)
	w.do("PUT", api+"/w/instances/3/steps/a/actions/abandon", "").is(400).says("has no run that has not ended")

	list := api + "/w/instances"
	w.get(list+"?first=2").is(200).has("elements/#", "2", "elements/0/workflow_instance_id", "3", "elements/0/aggregated_info/workflow_instance_status", `"STOPPED"`,
		"total_count", "3", "page_info/has_next_page", "true")
	w.get(list+"?last=1&aggregated=False").is(200).has("elements/0/workflow_instance_id", "1", "elements/0/aggregated_info", "-", "page_info/has_previous_page", "true")
	w.get(list+"/2/runs?first=5").is(200).has("elements/#", "1", "total_count", "1")
	w.get(list+"/7/runs?first=5").is(200).has("elements/#", "0")
	w.get(api+"/nobody/instances?first=5").is(200).has("total_count", "0")
	w.get(api+"/w/overview").is(200).has("failed_instances", "1", "nonterminal_instances/IN_PROGRESS", "0", "latest_instance_id", "3")
}

func TestStopOfAQueuedRun(t *testing.T) {
	w := newWorld(t, nil)
	w.do("POST", api, `{"properties":{"owner":"o"},"workflow":{"id":"w","timeout":"${t}","params":{"t":{"value":"90 s","type":"STRING"}},"steps":[`+command+`]}}`).is(200)
	w.start("w")
	<-w.runtime.began
	w.start("w")
	w.get(api+"/w/instances/1").is(200).has("timeout_in_millis", "90000")
	w.get(api+"/w/instances/2").is(200).has("status", `"CREATED"`, "timeout_in_millis", "90000", "runtime_overview", "-", "execution_id", "-")
	w.do("PUT", api+"/w/instances/2/actions/stop", "").is(200).has("completed", "true", "workflow_instance_status", `"STOPPED"`, "info", `"The action is completed."`)
}

func TestReleaseFromQuarantine(t *testing.T) {
	w := newWorld(t, nil)
	w.push("w", command).is(200)
	w.start("w")
	<-w.runtime.began
	release := api + "/w/instances/1/actions/release"
	w.do("PUT", release, "").is(400).says("has no run in quarantine")
	w.do("PUT", api+"/w/instances/9/actions/release", "").is(404)
	var row int64
	err := w.node.Store().Read(context.Background(), func(s store.Snapshot) error {
		return s.Rows(store.Query{Table: store.Run, By: store.ByTable}, func(r *store.Row) error { row = r.ID; return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	w.node.Flow().Outside(engine.GroupOf("w", 4), flow.Poisoned{Entity: row, Reason: "boo", Event: `{"type":"Outcome","step":"a"}`})
	close(w.runtime.done)
	w.do("PUT", api+"/w/instances/1/runs/1/actions/release", "").is(200).has("status", "-", "completed", "false", "workflow_instance_status", `"IN_PROGRESS"`,
		"info", `"The run goes on."`, "timeline_event/message", `"User [tester] has released the run from quarantine"`)
	w.get(api+"/w/instances/1?wait=terminal").is(200).has("status", `"SUCCEEDED"`).
		says(`release, stop or kill it. boo It was about {\"type\":\"Outcome\",\"step\":\"a\"}`)
	w.do("PUT", release, "").is(400).says("has no run in quarantine")
}

// TestADryRunEndsWithItsClient: nobody waits for it any more.
func TestADryRunEndsWithItsClient(t *testing.T) {
	w := newWorld(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	body := `{"properties":{"owner":"o"},"workflow":{"id":"w","params":{"n":{"expression":"n = 0; for (i = 0; i < 25000; i += 1) for (j = 0; j < 25000; j += 1) n += 1; return n;","type":"LONG"}},"steps":[` + command + `]}}`
	r := httptest.NewRequest("POST", api, strings.NewReader(body)).WithContext(ctx)
	r.Host = "127.0.0.1"
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("user", "tester")
	out := httptest.NewRecorder()
	httpd.New(w.deps).ServeHTTP(out, r)
	if out.Code == 200 || !strings.Contains(out.Body.String(), "cancelled") {
		t.Errorf("%d %s", out.Code, out.Body)
	}
}
