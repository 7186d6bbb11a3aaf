// Command clients drives a server with the clients that Microsoft publishes for Go, unmodified: the address and the
// credential are all that differs from what their documentation shows. It ends with an error at the first surprise.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/azquery"
)

type credential string

func (c credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(c), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func main() {
	pem, err := os.ReadFile(os.Getenv("NORDLYS_CA"))
	check(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	h := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
	address, token := os.Getenv("NORDLYS_URL"), os.Getenv("NORDLYS_TOKEN")
	logs(h, address, token)
	kusto(h, address, token)
	fmt.Println("ok")
}

func logs(h *http.Client, address, token string) {
	options := &azquery.LogsClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: h,
		Cloud: cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			azquery.ServiceNameLogs: {Audience: address, Endpoint: address + "/v1"},
		}},
	}}
	c, err := azquery.NewLogsClient(credential(token), options)
	check(err)
	ctx := context.Background()
	const workspace = "d4c9cf2d-0d24-4c40-9c3f-8b6dbb1b2f5f"

	// As in the example of QueryWorkspace.
	res, err := c.QueryWorkspace(ctx, workspace, azquery.Body{
		Query:    to.Ptr("SigninLogs | where UserPrincipalName == 'a@contoso.com' | project TimeGenerated, UserPrincipalName, n = 1, l = long(9007199254740993), r = real(nan), d = dynamic({'a': [1, 2]}), t = time(1.02:03:04.5), g = guid(74be27de-1e4e-49d9-b579-fe0b331d3642), b = true, e = decimal(1.5), x = int(null)"),
		Timespan: to.Ptr(azquery.NewTimeInterval(time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 11, 0, 0, 0, 0, time.UTC))),
	}, nil)
	check(err)
	if res.Error != nil {
		fail("query: %v", res.Error)
	}
	table := res.Tables[0]
	var types []string
	for _, col := range table.Columns {
		types = append(types, *col.Name+":"+string(*col.Type))
	}
	same("table", *table.Name, "PrimaryResult")
	same("types", strings.Join(types, " "), "TimeGenerated:datetime UserPrincipalName:string n:long l:long r:real d:dynamic t:timespan g:guid b:bool e:decimal x:int")
	same("rows", len(table.Rows), 1)
	same("row", fmt.Sprint(table.Rows[0]), "[2026-03-10T09:00:00.1234567Z a@contoso.com 1 9.007199254740992e+15 NaN {\"a\":[1,2]} 1.02:03:04.5000000 74be27de-1e4e-49d9-b579-fe0b331d3642 true 1.5 <nil>]")

	// A timespan outside of the rows.
	res, err = c.QueryWorkspace(ctx, workspace, azquery.Body{Query: to.Ptr("SigninLogs | count"), Timespan: to.Ptr(azquery.TimeInterval("2020-01-01T00:00:00Z/P1D"))}, nil)
	check(err)
	same("count outside", fmt.Sprint(res.Tables[0].Rows), "[[0]]")

	// Options.
	res, err = c.QueryWorkspace(ctx, workspace, azquery.Body{Query: to.Ptr("range x from 1 to 3 step 1 | extend y = x * x | render columnchart with (title='squares')")},
		&azquery.LogsClientQueryWorkspaceOptions{Options: &azquery.LogsQueryOptions{Statistics: to.Ptr(true), Visualization: to.Ptr(true), Wait: to.Ptr(60)}})
	check(err)
	contains("statistics", string(res.Statistics), `"executionTime"`)
	contains("render", string(res.Visualization), `"visualization":"columnchart","title":"squares"`)

	// Mistakes.
	for query, want := range map[string][]string{
		"SigninLogs | where Nothing == 1": {"BadArgumentError", `"SemanticError"`, `"SEM0100"`, `"token": "Nothing"`},
		"SigninLogs | where (":            {"BadArgumentError", `"SyntaxError"`, `"line": 1`},
		"Forbidden_CL | count":            {"BadArgumentError", `"SEM0100"`},
		"AuditLogs | count":               {"BadArgumentError", `"SEM0100"`}, // the role has no right to it
	} {
		_, err := c.QueryWorkspace(ctx, workspace, azquery.Body{Query: &query}, nil)
		var e *azcore.ResponseError
		if !errors.As(err, &e) || e.StatusCode != 400 || e.ErrorCode != want[0] {
			fail("%s: %v", query, err)
		}
		for _, s := range want[1:] {
			contains(query, err.Error(), s)
		}
	}

	// A result that is cut off.
	res, err = c.QueryWorkspace(ctx, workspace, azquery.Body{Query: to.Ptr("range x from 1 to 2000000 step 1")}, nil)
	check(err)
	if res.Error == nil {
		fail("no partial error")
	}
	same("partial", res.Error.Code, "PartialError")
	contains("partial", res.Error.Error(), "E_QUERY_RESULT_SET_TOO_LARGE")
	same("rows before the limit", len(res.Tables[0].Rows), 500_000)

	// A batch, as in the example of QueryBatch.
	batch, err := c.QueryBatch(ctx, azquery.BatchRequest{Requests: []*azquery.BatchQueryRequest{
		{Body: &azquery.Body{Query: to.Ptr("SigninLogs | count")}, CorrelationID: to.Ptr("1"), WorkspaceID: to.Ptr(workspace)},
		{Body: &azquery.Body{Query: to.Ptr("SigninLogs | wher x")}, CorrelationID: to.Ptr("2"), WorkspaceID: to.Ptr(workspace)},
		to.Ptr(azquery.NewBatchQueryRequest(workspace, "print x = 'ü'", "P1D", "3", azquery.LogsQueryOptions{Statistics: to.Ptr(true)})),
	}}, nil)
	check(err)
	same("responses", len(batch.Responses), 3)
	same("first", fmt.Sprint(*batch.Responses[0].Status, batch.Responses[0].Body.Tables[0].Rows), "200 [[3]]")
	same("second", *batch.Responses[1].Status, int32(400))
	same("second", batch.Responses[1].Body.Error.Code, "BadArgumentError")
	same("third", fmt.Sprint(*batch.Responses[2].CorrelationID, batch.Responses[2].Body.Tables[0].Rows), "3[[ü]]")

	// A wrong token.
	bad, err := azquery.NewLogsClient(credential("nlt_wrong"), options)
	check(err)
	_, err = bad.QueryWorkspace(ctx, workspace, azquery.Body{Query: to.Ptr("print 1")}, nil)
	var e *azcore.ResponseError
	if !errors.As(err, &e) || e.StatusCode != 401 || e.ErrorCode != "InvalidTokenError" {
		fail("wrong token: %v", err)
	}
}

func check(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, args ...any) {
	panic(fmt.Sprintf(format, args...))
}

func same[T comparable](what string, got, want T) {
	if got != want {
		fail("%s: got %v, want %v", what, got, want)
	}
}

func contains(what, text, part string) {
	if !strings.Contains(text, part) {
		fail("%s: %s lacks %s", what, text, part)
	}
}
