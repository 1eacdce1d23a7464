package access

// Reach is what a grant on named channels has of an action.
type Reach string

// The reaches.
const (
	Whole  Reach = "whole"    // it concerns the whole brand: a grant on named channels lacks it
	Shared Reach = "shared"   // it concerns what all channels share: a grant on named channels has it
	Named  Reach = "channels" // a grant on named channels has it on those
)

// Fact says what an action is, in a sentence that ends a "may", and how far it
// reaches.
type Fact struct {
	Action Action
	Reach  Reach
	Means  string
}

// Facts tell each of the Actions, in their order.
func Facts() []Fact {
	out := make([]Fact, len(Actions))
	for i, a := range Actions {
		out[i] = FactOf(a)
	}
	return out
}

// FactOf tells one action. One that is not told reaches as little as it can.
func FactOf(a Action) Fact {
	for _, f := range facts {
		if f.Action == a {
			return f
		}
	}
	return Fact{Action: a, Reach: Whole}
}

var facts = []Fact{
	{PostRead, Named, "Read posts, the calendar and what became of each delivery"},
	{PostWrite, Named, "Write and change drafts, delete and restore posts"},
	{PostPublish, Named, "Schedule and publish posts, move them and take them back"},
	{DeliveryResolve, Named, "Decide about deliveries that were refused, missed or are unknown"},
	{HoldSet, Shared, "Hold everything"},
	{HoldRelease, Whole, "Release a hold"},
	{ChannelRead, Named, "See the channels and how they are"},
	{ChannelWrite, Named, "Connect, check and remove channels"},
	{MediaRead, Shared, "See the library of pictures"},
	{MediaWrite, Shared, "Add, describe, crop and delete pictures"},
	{BrandRead, Shared, "See the brand, its settings and its team"},
	{BrandWrite, Whole, "Change the brand's settings"},
	{AuditRead, Whole, "Read the log of what the team did"},
	{TokenWrite, Whole, "Make and revoke API tokens"},
	{TeamWrite, Whole, "Invite people, give and take access, read the mail that was sent"},
	{ConversationRead, Named, "Read the inbox"},
	{ConversationWrite, Named, "Work in the inbox: states, assignments, labels and notes"},
	{ConversationReply, Named, "Answer people in the brand's name"},
	{PersonRead, Named, "See the people who wrote to the brand"},
	{PersonWrite, Named, "Note things on people, export and erase them"},
	{MetricRead, Named, "See the numbers"},
	{PostApprove, Named, "Say that a post in review may go out, or send it back"},
	{PostSchedule, Named, "Give a post that was approved its time"},
	{CommentWrite, Named, "Talk with the team below a post"},
	{TaskWrite, Named, "Give and take tasks, and write the handover note"},
	{WebhookWrite, Whole, "Set where events are sent to"},
	{DataExport, Whole, "Take everything of the brand along"},
	{BrandErase, Whole, "Erase the brand"},
	{CommunityWrite, Whole, "Set up the community: its spaces, its pages, who may join"},
	{TopicModerate, Named, "Look at what waits and at flags; hide, restore, close, pin and move topics"},
	{MemberRead, Shared, "See the members of the community"},
	{MemberWrite, Whole, "Let members in, suspend them, trust them"},
}
