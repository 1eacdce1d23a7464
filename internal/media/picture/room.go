package picture

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"rapport/internal/fault"
)

// MaxWork is how many bytes decoded pictures may take at once, in the whole
// process. A single one that needs more than that is worked on alone.
const MaxWork = 256 << 20

// MaxWaiting is how many pictures may wait for room. Each holds its file, of
// MaxBytes at most.
const MaxWaiting = 16

// Work is the room that all pictures of the process share.
var Work = NewRoom(MaxWork, MaxWaiting)

// Room bounds the memory of what is worked on at once.
type Room struct {
	size, seats int64
	free        *semaphore.Weighted
	waiting     atomic.Int64
	mu          sync.Mutex
	held, most  int64
}

// NewRoom makes a room of so many bytes, for which so many may wait.
func NewRoom(size, seats int64) *Room {
	return &Room{size: size, seats: seats, free: semaphore.NewWeighted(size)}
}

// Enter takes so many bytes, or all there are where that is less, and waits for
// them in turn until ctx is done. Where too many wait already it is
// fault.Unavailable. leave gives them back, once.
func (r *Room) Enter(ctx context.Context, bytes int64) (leave func(), err error) {
	bytes = min(max(bytes, 1), r.size)
	if !r.free.TryAcquire(bytes) {
		if r.waiting.Add(1) > r.seats {
			r.waiting.Add(-1)
			return nil, fault.New(fault.Unavailable, "Many pictures are being worked on at the moment. Send it again in a minute.")
		}
		err := r.free.Acquire(ctx, bytes)
		r.waiting.Add(-1)
		if err != nil {
			return nil, fmt.Errorf("picture: wait for room: %w", err)
		}
	}
	r.count(bytes)
	return sync.OnceFunc(func() {
		if bytes >= heavy {
			runtime.GC() // or the next one would lie beside what is left of this one
			giveBack()
		}
		r.count(-bytes)
		r.free.Release(bytes)
	}), nil
}

func (r *Room) count(bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held += bytes
	r.most = max(r.most, r.held)
}

// Most is how many bytes were taken at once at most, ever.
func (r *Room) Most() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.most
}

// Waiting is how many wait for room.
func (r *Room) Waiting() int64 { return r.waiting.Load() }

// heavy is from how many bytes on a picture leaves memory that is worth giving
// back at once.
const heavy = 64 << 20

// backEvery is how often memory is given back to the system at most: it costs
// as much as a collection and stops nobody for long, yet need not be done often.
const backEvery = 10 * time.Second

var givingBack atomic.Bool

// giveBack returns what nobody needs any more to the system, a little later and
// once for all who ask meanwhile.
func giveBack() {
	if givingBack.CompareAndSwap(false, true) {
		time.AfterFunc(backEvery, func() {
			givingBack.Store(false)
			debug.FreeOSMemory()
		})
	}
}

// weight is how many bytes a file takes at most while it is decoded, told by its
// header: a small file may unfold to much.
func weight(kind Kind, size image.Config, file []byte) int64 {
	pixels := int64(size.Width) * int64(size.Height)
	switch kind {
	case JPEG:
		each := int64(3) // of the planes, nothing left out
		if size.ColorModel == color.CMYKModel {
			each = 12 // four planes, and all of them once more as they are turned into colours
		}
		if !baseline(file) {
			each += 16 // the coefficients of all planes, until the last scan is read
		}
		return pixels * each
	case PNG:
		each := int64(4)
		switch size.ColorModel {
		case color.GrayModel:
			each = 1
		case color.Gray16Model:
			each = 2
		case color.RGBA64Model, color.NRGBA64Model:
			each = 8
		default:
			if _, few := size.ColorModel.(color.Palette); few {
				each = 1
			}
		}
		if interlaced := len(file) > 28 && file[28] != 0; interlaced {
			each *= 2 // its passes are pictures of their own
		}
		return pixels * each
	case GIF:
		return pixels * 2
	}
	return pixels * 8 // WebP without loss is decoded beside what it was packed as
}

// baseline reports whether a JPEG is decoded as it is read. What cannot be told
// is not.
func baseline(file []byte) bool {
	for at := 2; at+3 < len(file) && file[at] == 0xff; {
		switch marker := file[at+1]; {
		case marker == 0xff:
			at++ // filling
		case marker == 0xc0 || marker == 0xc1:
			return true
		case marker >= 0xc2 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc, marker == 0xda:
			return false
		default:
			at += 2 + int(file[at+2])<<8 + int(file[at+3])
		}
	}
	return false
}
