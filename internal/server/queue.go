package server

import (
	"context"
	"errors"
	"sync"
	"time"
)

// The bounds of waiting, as Log Analytics has them for one user.
// https://learn.microsoft.com/azure/azure-monitor/service-limits#user-query-throttling
const (
	queueTime    = 3 * time.Minute
	queuePerUser = 200
	queueTotal   = 2000
)

// queue lets a number of queries run at once. Who waits is served in turn: the next place goes to the next user, not to
// the next query, so that one who asks a hundred things does not keep others waiting.
type queue struct {
	mu      sync.Mutex
	free    int
	waiting map[string][]*turn
	users   []string // who waits, in the order of their turns
	total   int
}

// turn is one query that waits; ready is closed when it may run.
type turn struct{ ready chan struct{} }

var errQueueFull = errors.New("the queue is full")

func newQueue(places int) *queue { return &queue{free: places, waiting: map[string][]*turn{}} }

// enter waits for a place, which the caller leaves with the function it gets.
func (q *queue) enter(ctx context.Context, user string) (leave func(), err error) {
	q.mu.Lock()
	if q.free > 0 && len(q.users) == 0 {
		q.free--
		q.mu.Unlock()
		return sync.OnceFunc(q.leave), nil
	}
	if q.total >= queueTotal || len(q.waiting[user]) >= queuePerUser {
		q.mu.Unlock()
		return nil, errQueueFull
	}
	t := &turn{ready: make(chan struct{})}
	if len(q.waiting[user]) == 0 {
		q.users = append(q.users, user)
	}
	q.waiting[user] = append(q.waiting[user], t)
	q.total++
	q.mu.Unlock()
	timer := time.NewTimer(queueTime)
	defer timer.Stop()
	select {
	case <-t.ready:
		return sync.OnceFunc(q.leave), nil
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-timer.C:
		err = errQueueFull
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-t.ready: // meanwhile
		q.next()
	default:
		q.remove(user, t)
	}
	return nil, err
}

func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.next()
}

// next gives a place to who is next. The caller holds the lock.
func (q *queue) next() {
	if len(q.users) == 0 {
		q.free++
		return
	}
	user := q.users[0]
	q.users = q.users[1:]
	t := q.waiting[user][0]
	if q.waiting[user] = q.waiting[user][1:]; len(q.waiting[user]) > 0 {
		q.users = append(q.users, user)
	} else {
		delete(q.waiting, user)
	}
	q.total--
	close(t.ready)
}

// remove takes a turn out that nobody waits for any more. The caller holds the lock.
func (q *queue) remove(user string, t *turn) {
	list := q.waiting[user]
	for i, o := range list {
		if o == t {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	q.total--
	if len(list) > 0 {
		q.waiting[user] = list
		return
	}
	delete(q.waiting, user)
	for i, u := range q.users {
		if u == user {
			q.users = append(q.users[:i:i], q.users[i+1:]...)
			return
		}
	}
}
