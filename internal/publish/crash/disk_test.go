package crash_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/post"
)

// leaveRoom lets no file of the process grow by more than what the variable
// says, as if the disk were full then. Without it nothing is limited.
func leaveRoom(p place) error {
	room, err := strconv.ParseInt(os.Getenv("RAPPORT_CRASH_ROOM"), 10, 64)
	if err != nil {
		return nil
	}
	signal.Ignore(syscall.SIGXFSZ) // a write then fails instead
	var largest int64
	for _, file := range []string{p.Options.Path, p.Options.Path + "-wal"} {
		info, err := os.Stat(file)
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		if err == nil {
			largest = max(largest, info.Size())
		}
	}
	limit := uint64(largest + room)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit})
}

func fileOnly(t *testing.T) {
	if os.Getenv(dbtest.Env) != "" {
		t.Skip("the disk of a PostgreSQL server is not this test's to fill; SQLite runs it")
	}
}

// runWriter schedules posts until there is no room left, and says which were
// saved and what it was told in the end.
func runWriter() error {
	var p place
	if err := json.Unmarshal([]byte(os.Getenv("RAPPORT_CRASH_PLACE")), &p); err != nil {
		return err
	}
	ctx := context.Background()
	d, _, _, err := p.open()
	if err != nil {
		return err
	}
	brands, err := brand.List(ctx, d, access.System())
	if err != nil {
		return err
	}
	channels, err := channel.List(ctx, d, access.System(), brands[0].ID)
	if err != nil {
		return err
	}
	if err := leaveRoom(p); err != nil {
		return err
	}
	for i := range 10_000 {
		made, err := post.Draft(ctx, d, access.System(), brands[0].ID, numbered(1000+i, channels[0].ID))
		if err == nil {
			_, err = post.Schedule(ctx, d, access.System(), brands[0].ID, made.ID, 0, d.Now().Add(1e12))
		}
		if err != nil {
			fmt.Printf("refused %s: %s\n", fault.KindOf(err), fault.Text(err))
			return nil
		}
		fmt.Println("saved", made.ID)
	}
	return fs.ErrExist // there was room for everything
}

func TestFullDiskSavesWholeOrNothing(t *testing.T) {
	fileOnly(t)
	for _, room := range []int{20_000, 61_000, 150_000} {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			p := place{Options: dbtest.Options(t), Dir: t.TempDir()}
			burst(t, p, startNetwork(t, true), 1, 1)
			where, _ := json.Marshal(p)
			w := startRole(t, "writer", nil, "RAPPORT_CRASH_PLACE="+string(where), fmt.Sprint("RAPPORT_CRASH_ROOM=", room))
			w.end()
			if said := w.said.String(); !strings.Contains(said, "refused unavailable: There is no space left") {
				t.Errorf("a full disk was told as: %s", said)
			}
			whole(t, p, strings.Count(w.said.String(), "saved "))
		})
	}
}

// whole fails if something is half there after the disk was full.
func whole(t *testing.T, p place, saved int) {
	t.Helper()
	ctx := context.Background()
	d, _, _, err := p.open()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var sound string
	if err := d.QueryRowContext(ctx, `PRAGMA integrity_check`).Scan(&sound); err != nil || sound != "ok" {
		t.Errorf("the database is %q (%v)", sound, err)
	}
	for what, want := range map[string]int{
		`SELECT COUNT(*) FROM delivery WHERE state = 'scheduled'`: saved + 1,
		// A draft may be the last thing that had room.
		`SELECT COUNT(*) FROM post WHERE state = 'approved'`: saved + 1,
		`SELECT COUNT(*) FROM post p WHERE state = 'approved' AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.post_id = p.id AND d.revision = p.approved)`:   0,
		`SELECT COUNT(*) FROM post p WHERE NOT EXISTS (SELECT 1 FROM variant v WHERE v.post_id = p.id)`:                                                       0,
		`SELECT COUNT(*) FROM delivery d WHERE NOT EXISTS (SELECT 1 FROM delivery_event e WHERE e.delivery_id = d.id)`:                                        0,
		`SELECT COUNT(*) FROM post p WHERE state = 'approved' AND NOT EXISTS (SELECT 1 FROM activity a WHERE a.subject = p.id AND a.kind = 'post.scheduled')`: 0,
	} {
		var got int
		if err := d.QueryRowContext(ctx, what).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
}

// A node whose disk is full sends nothing that it cannot note first, and what
// it could not note afterwards is found out once there is room again.
func TestFullDiskSendsNothingUnnoted(t *testing.T) {
	fileOnly(t)
	for _, room := range []int{0, 40_000, 90_000} {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			const posts = 100
			n := startNetwork(t, true)
			p := place{Options: dbtest.Options(t), Dir: t.TempDir()}
			burst(t, p, n, 5, posts)
			cramped := startNode(t, p, fmt.Sprint("RAPPORT_CRASH_ROOM=", room))
			cramped.until("it reports the full disk", func() bool { return strings.Count(cramped.said.String(), "publish: cannot") >= 5 })
			if err := cramped.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			cramped.killed()
			d, _, _, err := p.open()
			if err != nil {
				t.Fatal(err)
			}
			noted, out := pastFence(t, d), len(arrived(t, n))
			d.Close()
			if out > noted {
				t.Errorf("%d arrived, but only %d were noted before", out, noted)
			}
			if out == posts {
				t.Error("the disk was never full")
			}
			if node(t, p) {
				t.Fatal("the second node died")
			}
			onceEach(t, p, n, posts)
		})
	}
}
