package insight

import (
	"context"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/metric"
)

// Subject names what readings are of: one channel's account, or one delivery.
type Subject struct {
	Channel, Delivery string
}

// Readings returns a page of what was read of the subject in [from, to), by
// number and time, oldest first; an empty name is every number.
func Readings(ctx context.Context, q db.Queryer, who access.Who, brandID string, s Subject, name string, from, to db.Time, page db.Page) ([]metric.Reading, string, error) {
	id, err := s.id(ctx, q, who, brandID)
	if err != nil {
		return nil, "", err
	}
	return metric.Page(ctx, q, who, brandID, id, name, from, to, page)
}

// id is the subject's, if the account may see its numbers.
func (s Subject) id(ctx context.Context, q db.Queryer, who access.Who, brandID string) (string, error) {
	if (s.Channel == "") == (s.Delivery == "") {
		return "", fault.OnField("channel", "Name either a channel or a delivery.")
	}
	if err := who.May(q.Now(), brandID, access.MetricRead); err != nil {
		return "", err
	}
	if s.Channel != "" {
		if _, err := channel.ByID(ctx, q, access.System(), brandID, s.Channel); err != nil {
			return "", err
		}
		return s.Channel, who.May(q.Now(), brandID, access.MetricRead, s.Channel)
	}
	d, err := delivery.ByID(ctx, q, brandID, s.Delivery)
	if err != nil {
		return "", err
	}
	return d.ID, who.May(q.Now(), brandID, access.MetricRead, d.Channel)
}
