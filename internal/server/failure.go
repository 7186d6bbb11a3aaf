package server

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"nordlys/internal/kql/diag"
)

// failure is why a request was not answered, or not to its end. Each API has its own form of it.
type failure struct {
	status  int
	code    string // Log Analytics's code
	message string
	kind    failureKind
	query   *queryFault // where the query itself is at fault
}

type failureKind int

const (
	failRequest   failureKind = iota // the request
	failQuery                        // the text of the query
	failRun                          // while it ran
	failTimeout                      //
	failCancelled                    // by the caller, or because the client went away
	failTooMuch                      // the result is larger than the limit: what came before it is part of the answer
	failThrottled                    //
	failSignIn                       //
	failServer                       //
)

// queryFault is the first mistake in a query.
type queryFault struct {
	syntax  bool
	code    string // Kusto's: SYN0002, SEM0100
	message string
	line    int // from 1
	pos     int // column from 0, as Kusto counts
	token   string
}

func failed(status int, code, message string) *failure {
	f := &failure{status: status, code: code, message: message}
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		f.kind = failSignIn
	case status == http.StatusTooManyRequests:
		f.kind = failThrottled
	case status >= 500 && status != http.StatusNotImplemented:
		f.kind = failServer
	}
	return f
}

func badArgument(message string) *failure {
	return failed(http.StatusBadRequest, "BadArgumentError", message)
}

// notYet is for what Azure has and this server does not.
func notYet(what string) *failure {
	return failed(http.StatusNotImplemented, "NotSupported", "not supported yet: "+what)
}

// unknownNames are the mistakes that Kusto calls by one code: a name that leads to nothing.
var unknownNames = map[diag.Code]bool{
	diag.CodeUnknownTable: true, diag.CodeUnknownColumn: true, diag.CodeUnknownName: true, diag.CodeUnknownJoinColumn: true,
}

// syntaxCodes are the mistakes that the parser finds.
var syntaxCodes = map[diag.Code]bool{
	diag.CodeUnexpectedToken: true, diag.CodeUnexpectedCharacter: true, diag.CodeUnterminatedString: true, diag.CodeInvalidEscape: true,
	diag.CodeInvalidLiteral: true, diag.CodeUnclosedBracket: true, diag.CodeUnknownOperator: true, diag.CodeTooDeep: true,
	diag.CodeManagementCommand: true, diag.CodeMissingName: true, diag.CodeSingleEquals: true, diag.CodeMissingQuery: true,
}

// queryFailure is the failure that the first error of a list stands for.
func queryFailure(list diag.List, text string) *failure {
	f := &failure{status: http.StatusBadRequest, code: "BadArgumentError", message: "The request had some invalid properties", kind: failQuery}
	for _, d := range list {
		if d.Severity != diag.Error {
			continue
		}
		at := diag.NewLines(text).At(d.Span.Start)
		q := &queryFault{message: d.Error(), line: at.Line, pos: at.Column - 1}
		if from, to := d.Span.Start, min(d.Span.End, d.Span.Start+100); 0 <= from && from < to && to <= len(text) {
			q.token = strings.ToValidUTF8(text[from:to], "")
		}
		switch {
		case syntaxCodes[d.Code]:
			q.syntax, q.code = true, "SYN0002"
		case unknownNames[d.Code]:
			q.code = "SEM0100"
		case d.Code == diag.CodeUnknownFunction:
			q.code = "SEM0260"
		default:
			q.code = "SEM0001"
		}
		f.query = q
		break
	}
	return f
}

// Why a query was ended.
var (
	errTimeout   = errors.New("the query took longer than allowed and was stopped: filter TimeGenerated, or summarize earlier")
	errCancelled = errors.New("the query was cancelled")
)

// runFailure is the failure that an error of the engine or of waiting stands for.
func runFailure(ctx context.Context, err error) *failure {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errTimeout):
		return &failure{status: http.StatusGatewayTimeout, code: "GatewayTimeout", message: errTimeout.Error(), kind: failTimeout}
	case errors.Is(err, errQueueFull):
		return &failure{status: http.StatusTooManyRequests, code: "ThrottledError", message: "Too many queries wait already: try again later", kind: failThrottled}
	case cause != nil:
		return &failure{status: statusClosed, code: "Cancelled", message: errCancelled.Error(), kind: failCancelled}
	}
	return &failure{status: http.StatusBadRequest, code: "BadArgumentError", message: err.Error(), kind: failRun}
}

// statusClosed is for the record of a request whose client went away.
const statusClosed = 499
