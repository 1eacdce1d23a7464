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
	ViewRate       = "engagement_rate_views"
)

// The numbers of the community, computed from what was rolled up of it.
const (
	Members         = "members"
	MembersJoined   = "members_joined"
	MembersLeft     = "members_left"
	MemberGrowth    = "member_growth"
	Active          = "active_members"
	Contributors    = "contributors"
	Participation   = "active_participation"
	NewContributors = "new_contributors"
	Reactivated     = "reactivated"
	LostRegulars    = "lost_regulars"
	NetActive       = "net_active_change"
	Retention7      = "retention_7"
	Retention30     = "retention_30"
	Retention60     = "retention_60"
	Retention90     = "retention_90"
	Lurkers         = "lurker_share"
	ContributorsOf  = "contributor_share"
	Creators        = "creator_share"
	CreatorContent  = "creator_content_share"
	TopTen          = "top_10_share"
	CommunityPosts  = "community_posts"
	TopicsBegun     = "topics_begun"
	FirstReply      = "first_reply"
	SlowReply       = "slow_reply"
	ReplyCoverage   = "reply_coverage"
	SolvedRate      = "solved_rate"
)

// The numbers between the two halves.
const (
	TopicsFromSocial   = "topics_from_social"
	AnsweredFromSocial = "answered_from_social"
	AnsweredBack       = "answered_back"
	TopicsPromoted     = "topics_promoted"
	LinkClicks         = "link_clicks"
	LinkRate           = "link_rate"
	JoinedFromSocial   = "joined_from_social"
)

// Half says whose number it is.
type Half string

// The halves. Both is for what leads from one to the other.
const (
	Social    Half = "social"
	Community Half = "community"
	Both      Half = "both"
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
	Formula     string // how the value is made of the parts
	Window      string
	Excludes    string
	Source      string
	Unit        Unit
	Direction   Direction
	Half        Half
}

const (
	sinceOut  = "Since the post went out. It is read 1, 6, 24 and 48 hours, 7 and 28 days after."
	asTold    = "The network's own count, as it told it last."
	daily     = "Read every six hours; a day shows its last reading."
	postsOf   = "Posts that went out in the window, counted to their newest reading. Those of the last 48 hours are still gathering."
	periodsOf = "Open periods of conversations that began in the days shown. A period begins with the first message and ends when the conversation is done; a new message begins the next."
	ownCounts = "Rapport's own record."
	theDays   = "The days shown, by the brand's clock."
	untilNow  = "At the end of the days shown, by the brand's clock."
	rolled    = "Rapport's own record of the community, rolled up every minute."
	leftOut   = "The team, unless you count it in; programs, which are no members. Who left or was erased stays counted, in nobody's name, in the days they were here."
	topicsOut = "Topics of the team, unless you count it in; its replies count as anybody's. Who left or was erased stays counted, in nobody's name, in the days they were here."
	fleetOut  = " Where channels are added up, the brand's own community and channels that were removed."
	waitsOut  = " Where channels are added up, what is said in the brand's own community, which First reply tells of. Flags and posts that wait for a look there are decided, not answered."
	hidden    = "What was hidden, declined or taken back."
	hiddenOut = " " + hidden
)

// definitions are all numbers, in the order documents show them.
var definitions = []Definition{
	{ID: Likes, Name: "Likes", Means: "How often people liked, favoured or hearted it.", Window: sinceOut, Source: asTold, Direction: Up},
	{ID: Shares, Name: "Shares", Means: "How often people passed it on as it is: boosts and reposts.", Window: sinceOut, Excludes: "Quotes, which are counted apart.", Source: asTold, Direction: Up},
	{ID: Comments, Name: "Comments", Means: "Answers to it.", Window: sinceOut, Excludes: "Answers on servers that the network has not heard of, so it is a lower bound where servers are many.", Source: asTold, Direction: Up},
	{ID: Quotes, Name: "Quotes", Means: "How often people passed it on with words of their own.", Window: sinceOut, Source: asTold, Direction: Up},
	{ID: Views, Name: "Views", Means: "How often it was shown.", Window: sinceOut, Source: asTold, Direction: Up},
	{ID: Engagements, Name: "Engagements", Formula: "likes + shares + comments + quotes", Means: "What people did with it: likes, shares, comments and quotes added up.", Window: postsOf,
		Excludes: "Views, clicks, and every number that the network does not tell." + fleetOut, Source: "The networks' counts, added up here.", Direction: Up},
	{ID: EngagementRate, Name: "Engagement rate by followers", Formula: "100 × engagements ÷ followers on the day of each post, sums over sums", Means: "Engagements for every hundred followers that the channel had when the post went out.", Numerator: "Engagements of the posts in the window.",
		Denominator: "Followers on the day of each post, added up over the same posts.", Window: postsOf,
		Excludes: "Posts from before the first count of followers, and posts of which no number was told." + fleetOut, Source: "The networks' counts, divided here.", Unit: Percent, Direction: Up},
	{ID: Published, Name: "Published", Formula: "number of deliveries", Means: "Deliveries that went out.", Window: "The days shown, by the brand's clock.", Excludes: "Replies. Posts that were taken down again stay counted." + fleetOut, Source: ownCounts, Direction: Neither},
	{ID: Followers, Name: "Followers", Means: "Accounts that follow the channel.", Window: daily, Excludes: "Channels whose followers were never counted." + fleetOut, Source: asTold, Direction: Up},
	{ID: FollowerGrowth, Name: "Follower growth", Formula: "followers at the end − followers at the start", Means: "Followers at the end of the window less those at its start.", Window: daily,
		Excludes: "Nobody: whoever left is taken off, so it may be below zero." + fleetOut, Source: "The network's counts, subtracted here.", Direction: Up},
	{ID: Following, Name: "Following", Means: "Accounts that the channel follows.", Window: daily, Source: asTold, Direction: Neither},
	{ID: Posts, Name: "Posts on the network", Means: "Everything the account ever posted, as the network counts it.", Window: daily, Source: asTold, Direction: Neither},
	{ID: FirstResponse, Name: "First response", Formula: "median of (first public answer − first message of the period)", Means: "How long people wait for the first public answer: half wait less, half wait longer.",
		Window:   periodsOf,
		Excludes: "Periods that have no answer yet; how many those are stands beside the number. What was closed without an answer, which needed none. Nights and weekends count." + waitsOut, Source: ownCounts, Unit: Seconds, Direction: Down},
	{ID: SlowResponse, Name: "Slowest tenth", Formula: "90th percentile of (first public answer − first message of the period), by the nearest rank", Means: "How long people wait for the first public answer at worst: nine in ten wait less.", Window: periodsOf,
		Excludes: "Periods that have no answer yet, or were closed without one. Nights and weekends count." + waitsOut, Source: ownCounts, Unit: Seconds, Direction: Down},
	{ID: ResponseRate, Name: "Answered", Formula: "100 × periods with an answer ÷ periods that needed one", Means: "Of the open periods of conversations that needed a public answer, how many got one.", Numerator: "Periods with an answer.", Denominator: "Periods that began in the days shown and were answered, or still wait to be.",
		Window: "The days shown, by the brand's clock.", Excludes: "What was closed without an answer, which needed none; how many those are stands beside the number." + waitsOut, Source: ownCounts, Unit: Percent, Direction: Up},
	{ID: ViewRate, Name: "Engagement rate by views", Formula: "100 × engagements ÷ views, sums over sums", Means: "Engagements for every hundred times that the posts were shown.", Numerator: "Engagements of the posts of which views were told.",
		Denominator: "Views of the same posts.", Window: postsOf, Excludes: "Posts of which no views, or no engagements, were told." + fleetOut, Source: "The networks' counts, divided here.", Unit: Percent, Direction: Up},

	{ID: Members, Name: "Members", Half: Community, Formula: "members at the start + new − left", Means: "People who are members at the end of the days shown.", Window: untilNow,
		Excludes: leftOut + " Who waits to be let in is no member yet.", Source: rolled, Direction: Up},
	{ID: MembersJoined, Name: "New members", Half: Community, Formula: "people whose first joining is in the window", Means: "People who became members.", Window: theDays,
		Excludes: leftOut + " Who left and came back is not new.", Source: rolled, Direction: Up},
	{ID: MembersLeft, Name: "Members who left", Half: Community, Formula: "people who left in the window and did not come back", Means: "People who ended their membership, or were taken out, or whose account was erased.", Window: theDays,
		Excludes: leftOut, Source: rolled, Direction: Down},
	{ID: MemberGrowth, Name: "Member growth", Half: Community, Formula: "100 × (new members − members who left) ÷ members at the start", Means: "By how much the membership grew.", Numerator: "New members less those who left.",
		Denominator: "Members on the eve of the window.", Window: theDays, Excludes: leftOut, Source: rolled, Unit: Percent, Direction: Up},
	{ID: Active, Name: "Active members", Half: Community, Formula: "people with at least one visit in the window; who joins by themselves, writes or reacts is here by that", Means: "Members who were here, signed in, at least once.", Window: theDays,
		Excludes: leftOut + " Visitors who are not signed in. Being let in by the team is no visit.", Source: rolled, Direction: Up},
	{ID: Contributors, Name: "Contributors", Half: Community, Formula: "people with at least one contribution in the window", Means: "Members who began a topic, replied or reacted at least once.", Window: theDays,
		Excludes: leftOut + hiddenOut + " Reactions, where you leave them out.", Source: rolled, Direction: Up},
	{ID: Participation, Name: "Active participation", Half: Community, Formula: "100 × contributors ÷ active members", Means: "Of the members who were here, how many took part.", Numerator: "Contributors: at least one topic, reply or reaction.",
		Denominator: "Active members: at least one visit. Not all members.", Window: theDays, Excludes: leftOut + hiddenOut + " Reactions, where you leave them out.", Source: rolled, Unit: Percent, Direction: Up},
	{ID: NewContributors, Name: "New contributors", Half: Community, Formula: "people whose first post ever is in the window", Means: "Members who wrote for the first time.", Window: theDays,
		Excludes: leftOut + hiddenOut + " Reactions are no posts.", Source: rolled, Direction: Up},
	{ID: Reactivated, Name: "Reactivated", Half: Community, Formula: "people with a post in the window that came 90 days or more after their post before", Means: "Members who wrote again after 90 days of silence or more.", Window: theDays,
		Excludes: leftOut + hiddenOut, Source: rolled, Direction: Up},
	{ID: LostRegulars, Name: "Lost regulars", Half: Community, Formula: "people with 4 posts or more in the 90 days before the window and none in it", Means: "Members who used to write and fell silent.", Window: "The days shown, after the 90 days before them, by the brand's clock.",
		Excludes: leftOut + hiddenOut, Source: rolled, Direction: Down},
	{ID: NetActive, Name: "Net change of the active", Half: Community, Formula: "new contributors + reactivated − lost regulars", Means: "Whether more people began to write than fell silent.", Window: theDays,
		Excludes: leftOut + hiddenOut, Source: rolled, Direction: Up},
	{ID: Retention7, Name: "There after 7 days", Half: Community, Formula: "100 × people with a visit on the 7th to 13th day after joining ÷ people who joined", Means: "Of those who joined, how many were here in the week that began 7 days later.", Numerator: "Of them, those with a visit on the 7th to the 13th day after they joined.",
		Denominator: "People who joined in as many days as shown, the last of which lies 14 days back, so that all have reached that age.", Window: "Cohorts by the day of joining; each is looked at for seven days.", Excludes: leftOut, Source: rolled, Unit: Percent, Direction: Up},
	{ID: Retention30, Name: "There after 30 days", Half: Community, Formula: "100 × people with a visit on the 30th to 36th day after joining ÷ people who joined", Means: "Of those who joined, how many were here in the week that began 30 days later.", Numerator: "Of them, those with a visit on the 30th to the 36th day after they joined.",
		Denominator: "People who joined in as many days as shown, the last of which lies 37 days back, so that all have reached that age.", Window: "Cohorts by the day of joining; each is looked at for seven days.", Excludes: leftOut, Source: rolled, Unit: Percent, Direction: Up},
	{ID: Retention60, Name: "There after 60 days", Half: Community, Formula: "100 × people with a visit on the 60th to 66th day after joining ÷ people who joined", Means: "Of those who joined, how many were here in the week that began 60 days later.", Numerator: "Of them, those with a visit on the 60th to the 66th day after they joined.",
		Denominator: "People who joined in as many days as shown, the last of which lies 67 days back, so that all have reached that age.", Window: "Cohorts by the day of joining; each is looked at for seven days.", Excludes: leftOut, Source: rolled, Unit: Percent, Direction: Up},
	{ID: Retention90, Name: "There after 90 days", Half: Community, Formula: "100 × people with a visit on the 90th to 96th day after joining ÷ people who joined", Means: "Of those who joined, how many were here in the week that began 90 days later.", Numerator: "Of them, those with a visit on the 90th to the 96th day after they joined.",
		Denominator: "People who joined in as many days as shown, the last of which lies 97 days back, so that all have reached that age.", Window: "Cohorts by the day of joining; each is looked at for seven days.", Excludes: leftOut, Source: rolled, Unit: Percent, Direction: Up},
	{ID: Lurkers, Name: "Readers", Half: Community, Formula: "100 × active members without a contribution ÷ active members", Means: "Of the members who were here, how many only read.", Numerator: "Active members without a contribution.",
		Denominator: "Active members.", Window: theDays, Excludes: leftOut + hiddenOut + " Reactions, where you leave them out.", Source: rolled, Unit: Percent, Direction: Neither},
	{ID: ContributorsOf, Name: "Contributors below the top", Half: Community, Formula: "100 × (contributors − creators) ÷ active members", Means: "Of the members who were here, how many took part without being among the most active hundredth.", Numerator: "Contributors without the creators.",
		Denominator: "Active members.", Window: theDays, Excludes: leftOut + hiddenOut + " Reactions, where you leave them out.", Source: rolled, Unit: Percent, Direction: Neither},
	{ID: Creators, Name: "Creators", Half: Community, Formula: "100 × creators ÷ active members", Means: "The most active hundredth of the members who were here, rounded up to whole people.", Numerator: "Creators: as many contributors as a hundredth of the active members, those with the most contributions.",
		Denominator: "Active members.", Window: theDays, Excludes: leftOut + hiddenOut + " Reactions, where you leave them out.", Source: rolled, Unit: Percent, Direction: Neither},
	{ID: CreatorContent, Name: "Made by creators", Half: Community, Formula: "100 × contributions of creators ÷ contributions", Means: "How much of all contributions comes from the most active hundredth.", Numerator: "Contributions of the creators.",
		Denominator: "All contributions. What creators did not make comes from the other contributors.", Window: theDays, Excludes: leftOut + hiddenOut + " Reactions, where you leave them out.", Source: rolled, Unit: Percent, Direction: Neither},
	{ID: TopTen, Name: "Written by ten", Half: Community, Formula: "100 × posts by the 10 most active ÷ posts", Means: "How much of what is written comes from the ten people who wrote most. 30 to 55 % is usual; above 70 % a community hangs on few.", Numerator: "Topics and replies by those ten.",
		Denominator: "All topics and replies.", Window: theDays, Excludes: leftOut + hiddenOut + " Reactions.", Source: rolled, Unit: Percent, Direction: Down},
	{ID: CommunityPosts, Name: "Topics and replies", Half: Community, Formula: "topics begun + replies", Means: "What members wrote.", Window: theDays, Excludes: leftOut + hiddenOut, Source: rolled, Direction: Up},
	{ID: TopicsBegun, Name: "Topics begun", Half: Community, Formula: "number of topics", Means: "New topics.", Window: theDays, Excludes: leftOut + hiddenOut, Source: rolled, Direction: Up},
	{ID: FirstReply, Name: "First reply", Half: Community, Formula: "median of (first reply by somebody else − opening of the topic)", Means: "How long a topic waits for the first reply by another person: half wait less, half wait longer.", Window: "Topics begun in the days shown, by the brand's clock.",
		Excludes: topicsOut + hiddenOut + " Topics without a reply; how many those are stands beside the number.", Source: rolled, Unit: Seconds, Direction: Down},
	{ID: SlowReply, Name: "Slowest tenth of first replies", Half: Community, Formula: "90th percentile of (first reply by somebody else − opening of the topic), by the nearest rank", Means: "How long a topic waits for the first reply at worst: nine in ten wait less.", Window: "Topics begun in the days shown, by the brand's clock.",
		Excludes: topicsOut + hiddenOut + " Topics without a reply.", Source: rolled, Unit: Seconds, Direction: Down},
	{ID: ReplyCoverage, Name: "Topics with a reply", Half: Community, Formula: "100 × topics with a reply by somebody else within 7 days ÷ topics begun", Means: "Of the topics, how many somebody else had replied to at the age of 7 days.", Numerator: "Of them, those with a reply by another person within 7 days that still stands.",
		Denominator: "Topics begun in as many days as shown, the last of which lies 8 days back, so that all are of that age.", Window: "The days shown, moved back by 8 days.",
		Excludes: topicsOut + hiddenOut + " Topics that are younger; how many those are stands beside the number.", Source: rolled, Unit: Percent, Direction: Up},
	{ID: SolvedRate, Name: "Solved", Half: Community, Formula: "100 × questions with an accepted answer within 14 days ÷ questions", Means: "Of the questions, how many had an accepted answer at the age of 14 days.", Numerator: "Of them, those whose answer was accepted within 14 days and still stands.",
		Denominator: "Questions asked in as many days as shown, the last of which lies 15 days back, so that all are of that age.", Window: "The days shown, moved back by 15 days.",
		Excludes: topicsOut + hiddenOut + " Questions that are younger; how many those are stands beside the number.", Source: rolled, Unit: Percent, Direction: Up},

	{ID: TopicsFromSocial, Name: "Topics from social", Half: Both, Formula: "topics whose origin is a message on a network", Means: "Comments and mentions on the networks that became topics of the community.", Window: theDays,
		Excludes: hidden, Source: ownCounts, Direction: Up},
	{ID: AnsweredFromSocial, Name: "Social questions answered", Half: Both, Formula: "100 × topics from social with a reply by anybody but the one who asked ÷ topics from social", Means: "Of the topics that came from the networks, how many the community has replied to so far.", Numerator: "Of them, those with a reply by anybody but the one who asked on the network. Who made the topic of it may answer as well.",
		Denominator: "Topics that came from the networks in the days shown.", Window: theDays, Excludes: hidden, Source: ownCounts, Unit: Percent, Direction: Up},
	{ID: AnsweredBack, Name: "Answers taken back", Half: Both, Formula: "accepted answers that were given to the network they were asked on", Means: "How often an answer of the community went back to where the question was asked.", Window: theDays,
		Excludes: "Answers that the team wrote there itself.", Source: ownCounts, Direction: Up},
	{ID: TopicsPromoted, Name: "Topics promoted", Half: Both, Formula: "topics with a tracked link in a post that went out in the window", Means: "Topics and announcements that were carried to the channels, by their opening or by an answer. Each counts once.", Window: theDays,
		Excludes: "Drafts, and what was planned and never went out. What was taken down later stays counted.", Source: ownCounts, Direction: Neither},
	{ID: LinkClicks, Name: "Link clicks", Half: Both, Formula: "clicks on tracked links, less known bots, previews, and repeats within 10 seconds", Means: "How often people followed the brand's tracked links.", Window: theDays,
		Excludes: "Known bots and previews, which are counted apart, and the same reader again within 10 seconds, where the same server answers.", Source: ownCounts, Direction: Up},
	{ID: LinkRate, Name: "CTR of tracked links", Half: Both, Formula: "100 × clicks on tracked links ÷ views of the posts that hold them", Means: "Of the views of a post with a tracked link, how many led to a click.", Numerator: "Clicks of people on links made in the days shown, up to now.",
		Denominator: "Views of the posts that hold them, as their networks told last.", Window: "Links made in the days shown, in posts that went out.",
		Excludes: "Posts that never went out, links that no post holds, and all but the newest 1,000. Links in posts whose network tells no views; how many those are stands beside the number.", Source: "Rapport's own clicks and the networks' views, divided here.", Unit: Percent, Direction: Up},
	{ID: JoinedFromSocial, Name: "Joined from social", Half: Both, Formula: "members who joined within 30 days after they followed a tracked link that is shared on a network, the last one they followed, by a first-party cookie", Means: "People who came from a network by a tracked link and became members: by that of a channel, or by one made by hand that says it is shared on social or on a network of the brand's channels.", Window: theDays,
		Excludes: "Who came by a link that is shared elsewhere, as in a newsletter; whose browser keeps no cookie or asks not to be followed; who waits to be let in, and who was refused.", Source: ownCounts, Direction: Up},
}

func init() {
	for i := range definitions {
		if definitions[i].Half == "" {
			definitions[i].Half = Social
		}
	}
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
