package metric

// The numbers that are computed from what networks told, and never stored.
const (
	Published      = "published"
	Engagements    = "engagements"
	EngagementRate = "engagement_rate"
	FollowerGrowth = "follower_growth"
	FirstResponse  = "first_response"
	SlowResponse   = "slow_response"
	ResponseRate   = "response_rate"
)

// Direction says which way a number is meant to go.
type Direction string

// The directions. Neither is for numbers that are no success by themselves.
const (
	Up      Direction = "up"
	Down    Direction = "down"
	Neither Direction = ""
)

// Unit of a number.
type Unit string

// The units. A count has none.
const (
	Count   Unit = ""
	Percent Unit = "%"
	Seconds Unit = "s"
)

// Definition says what a number is, so that whoever reads it may check it. The
// formulas are the usual ones of the field: engagements and rates by followers
// on the day of posting, sums over sums and never means of ratios.
type Definition struct {
	ID          string
	Name        string
	Means       string
	Numerator   string // of a ratio
	Denominator string
	Window      string
	Excludes    string
	Source      string
	Unit        Unit
	Direction   Direction
}

const (
	sinceOut  = "Since the post went out. It is read 1, 6, 24 and 48 hours, 7 and 28 days after."
	asTold    = "The network's own count, as it told it last."
	daily     = "Read every six hours; a day shows its last reading."
	postsOf   = "Posts that went out in the window, counted to their newest reading. Those of the last 48 hours are still gathering."
	periodsOf = "Open periods of conversations that began in the days shown. A period begins with the first message and ends when the conversation is done; a new message begins the next."
	ownCounts = "Rapport's own record."
)

// definitions are all numbers, in the order documents show them.
var definitions = []Definition{
	{ID: Likes, Name: "Likes", Means: "How often people liked, favoured or hearted it.", Window: sinceOut, Source: asTold, Direction: Up},
	{ID: Shares, Name: "Shares", Means: "How often people passed it on as it is: boosts and reposts.", Window: sinceOut, Excludes: "Quotes, which are counted apart.", Source: asTold, Direction: Up},
	{ID: Comments, Name: "Comments", Means: "Answers to it.", Window: sinceOut, Excludes: "Answers on servers that the network has not heard of, so it is a lower bound where servers are many.", Source: asTold, Direction: Up},
	{ID: Quotes, Name: "Quotes", Means: "How often people passed it on with words of their own.", Window: sinceOut, Source: asTold, Direction: Up},
	{ID: Views, Name: "Views", Means: "How often it was shown.", Window: sinceOut, Source: asTold, Direction: Up},
	{ID: Engagements, Name: "Engagements", Means: "What people did with it: likes, shares, comments and quotes added up.", Window: postsOf,
		Excludes: "Views, clicks, and every number that the network does not tell.", Source: "The networks' counts, added up here.", Direction: Up},
	{ID: EngagementRate, Name: "Engagement rate", Means: "Engagements for every hundred followers that the channel had when the post went out.", Numerator: "Engagements of the posts in the window.",
		Denominator: "Followers on the day of each post, added up over the same posts.", Window: postsOf,
		Excludes: "Posts from before the first count of followers, and posts of which no number was told.", Source: "The networks' counts, divided here.", Unit: Percent, Direction: Up},
	{ID: Published, Name: "Published", Means: "Deliveries that went out.", Window: "The days shown, by the brand's clock.", Excludes: "Replies, and posts that were taken down again stay counted.", Source: ownCounts, Direction: Neither},
	{ID: Followers, Name: "Followers", Means: "Accounts that follow the channel.", Window: daily, Source: asTold, Direction: Up},
	{ID: FollowerGrowth, Name: "Follower growth", Means: "Followers at the end of the window less those at its start.", Window: daily,
		Excludes: "Nothing: whoever left is taken off, so it may be below zero.", Source: "The network's counts, subtracted here.", Direction: Up},
	{ID: Following, Name: "Following", Means: "Accounts that the channel follows.", Window: daily, Source: asTold, Direction: Neither},
	{ID: Posts, Name: "Posts on the network", Means: "Everything the account ever posted, as the network counts it.", Window: daily, Source: asTold, Direction: Neither},
	{ID: FirstResponse, Name: "First response", Means: "How long people wait for the first public answer: half wait less, half wait longer.",
		Window:   periodsOf,
		Excludes: "Periods that have no answer yet; how many those are stands beside the number. Nights and weekends count.", Source: ownCounts, Unit: Seconds, Direction: Down},
	{ID: SlowResponse, Name: "Slowest tenth", Means: "How long people wait for the first public answer at worst: nine in ten wait less.", Window: periodsOf,
		Excludes: "Periods that have no answer yet. Nights and weekends count.", Source: ownCounts, Unit: Seconds, Direction: Down},
	{ID: ResponseRate, Name: "Answered", Means: "Open periods of conversations that got a public answer.", Numerator: "Periods with an answer.", Denominator: "Periods that began in the days shown.",
		Window: "The days shown, by the brand's clock.", Excludes: "Nothing: what was closed without an answer counts as not answered.", Source: ownCounts, Unit: Percent, Direction: Up},
}

// Definitions are all numbers there are.
func Definitions() []Definition { return append([]Definition(nil), definitions...) }

// Defined returns the definition of a number; ok is false where there is none.
func Defined(id string) (d Definition, ok bool) {
	for _, d := range definitions {
		if d.ID == id {
			return d, true
		}
	}
	return Definition{}, false
}
