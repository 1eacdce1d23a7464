package audit

import (
	"maps"
	"slices"
	"strings"
)

// Area is what part of the work an act belongs to; the log is read by it.
type Area string

// The areas, in the order of the log's filter.
const (
	Content  Area = "content"  // posts, comments, pictures, what goes out
	Inbox    Area = "inbox"    // conversations
	People   Area = "people"   // those who write to the brand
	Channels Area = "channels" // connected accounts
	// Community is the brand's own: its spaces, its members, what they say.
	Community Area = "community"
	Work      Area = "work"     // tasks, handovers
	Team      Area = "team"     // who may do what, and how they sign in
	Settings  Area = "settings" // the brand, its data, its programs
	Holds     Area = "holds"    // everything stopped and let go
)

// Areas are all of them.
var Areas = []Area{Content, Inbox, People, Community, Channels, Work, Team, Settings, Holds}

// Act is a kind of thing the team does.
type Act struct {
	Area Area
	// Words follow the name of who did it: "Ada" + "scheduled a post".
	Words string
}

// Acts is every act there is. A test fails where the program records another.
var Acts = map[string]Act{
	"post.drafted":        {Content, "began a draft"},
	"post.saved":          {Content, "changed a post"},
	"post.planned":        {Content, "planned a draft"},
	"post.scheduled":      {Content, "scheduled a post"},
	"post.unscheduled":    {Content, "took a post off the plan"},
	"post.emptied":        {Content, "emptied a post whose words were erased"},
	"post.moved":          {Content, "moved a post to another time"},
	"post.approved":       {Content, "approved a post"},
	"post.submitted":      {Content, "asked for a post to be approved"},
	"post.sent_back":      {Content, "sent a post back"},
	"post.suggested":      {Content, "suggested a change to a post"},
	"post.taken":          {Content, "took a suggested change over"},
	"post.declined":       {Content, "declined a suggested change"},
	"post.edited":         {Content, "changed a post, which must be approved again"},
	"post.recalled":       {Content, "took a post off the plan to have it approved first"},
	"post.withdrawn":      {Content, "took a post out of review"},
	"post.deleted":        {Content, "deleted a post"},
	"post.restored":       {Content, "restored a post"},
	"approval.changed":    {Content, "changed what needs approval"},
	"comment.added":       {Content, "commented on a post"},
	"comment.edited":      {Content, "changed a comment"},
	"comment.removed":     {Content, "deleted a comment"},
	"comment.restored":    {Content, "restored a comment"},
	"comment.resolved":    {Content, "settled a comment"},
	"comment.reopened":    {Content, "opened a comment again"},
	"link.made":           {Content, "made a link"},
	"link.ended":          {Content, "ended a link"},
	"link.resumed":        {Content, "let a link lead on again"},
	"media.added":         {Content, "added a picture"},
	"media.changed":       {Content, "changed a picture"},
	"media.cropped":       {Content, "cropped a picture"},
	"media.described":     {Content, "described a picture"},
	"media.deleted":       {Content, "deleted a picture"},
	"media.restored":      {Content, "restored a picture"},
	"delivery.resolved":   {Content, "decided about a delivery"},
	"delivery.taken_back": {Content, "took an answer back before it went out"},
	"delivery.removed":    {Content, "took a post down at its network"},

	"conversation.answered":   {Inbox, "answered in a conversation"},
	"conversation.bridged":    {Inbox, "made a topic of a message"},
	"conversation.assigned":   {Inbox, "gave a conversation to somebody"},
	"conversation.changed":    {Inbox, "changed where a conversation stands"},
	"conversation.noted":      {Inbox, "wrote a note on a conversation"},
	"conversation.labelled":   {Inbox, "put a label on a conversation"},
	"conversation.unlabelled": {Inbox, "took a label off a conversation"},
	"label.created":           {Inbox, "made a label"},
	"label.changed":           {Inbox, "changed a label"},
	"label.deleted":           {Inbox, "deleted a label"},

	"person.changed":   {People, "changed what is said of a person"},
	"person.noted":     {People, "wrote a note on a person"},
	"person.exported":  {People, "exported a person's data"},
	"person.erased":    {People, "erased a person"},
	"person.forgotten": {People, "forgot a person after their silence"},
	"person.merged":    {People, "made one person of two records"},
	"person.parted":    {People, "took two records apart again"},
	"person.claimed":   {People, "saw the proof that an account is a member's"},
	"person.unclaimed": {People, "noted that a member took an account back"},

	"community.changed":    {Community, "changed how the community is set up"},
	"community.opened":     {Community, "opened the community"},
	"community.shut":       {Community, "shut the community for all but the team"},
	"space.created":        {Community, "made a space"},
	"space.changed":        {Community, "changed a space"},
	"space.ordered":        {Community, "put the spaces in another order"},
	"member.let_in":        {Community, "let a member in"},
	"member.refused":       {Community, "did not let somebody in"},
	"member.suspended":     {Community, "suspended a member"},
	"member.restored":      {Community, "let a suspended member write again"},
	"member.picture_taken": {Community, "took a member's picture away"},
	"member.trusted":       {Community, "trusted a member"},
	"member.distrusted":    {Community, "no longer trusts a member"},
	"document.written":     {Community, "wrote a document of the community"},
	"member.removed":       {Community, "removed a member from the community"},
	"community.left":       {Community, "noted that a member left the community"},
	"reply.approved":       {Community, "let through what waited"},
	"reply.declined":       {Community, "did not let through what waited"},
	"reply.hidden":         {Community, "hid what a member wrote"},
	"reply.restored":       {Community, "showed again what a member wrote"},
	"reply.kept":           {Community, "kept what was flagged"},
	"topic.closed":         {Community, "closed a topic"},
	"topic.opened":         {Community, "opened a topic again"},
	"topic.pinned":         {Community, "pinned a topic"},
	"topic.unpinned":       {Community, "unpinned a topic"},
	"topic.promoted":       {Community, "promoted something of the community"},
	"topic.moved":          {Community, "moved a topic to another space"},

	"channel.connected":   {Channels, "connected a channel"},
	"channel.reconnected": {Channels, "connected a channel again"},
	"channel.checked":     {Channels, "checked a channel"},
	"channel.renewed":     {Channels, "renewed the access of a channel"},
	"channel.removed":     {Channels, "removed a channel"},
	"channel.imported":    {Channels, "had the past of a channel brought over"},

	"task.created":     {Work, "made a task"},
	"task.changed":     {Work, "changed a task"},
	"task.assigned":    {Work, "gave a task to somebody"},
	"task.done":        {Work, "finished a task"},
	"task.reopened":    {Work, "opened a task again"},
	"task.deleted":     {Work, "deleted a task"},
	"task.restored":    {Work, "restored a task"},
	"handover.written": {Work, "wrote the handover"},
	"handover.seen":    {Work, "read the handover"},

	"account.created":          {Team, "made an account"},
	"account.password_changed": {Team, "changed their password"},
	"account.address_changed":  {Team, "changed their e-mail address"},
	"account.address_proved":   {Team, "proved their e-mail address"},
	"account.renamed":          {Team, "changed their name"},
	"account.erased":           {Team, "erased their account"},
	"factor.set_up":            {Team, "set up a second factor"},
	"factor.switched_off":      {Team, "switched their second factor off"},
	"factor.codes_renewed":     {Team, "made new recovery codes"},
	"factor.asked":             {Team, "asked the team for a second factor"},
	"factor.no_longer_asked":   {Team, "no longer asks the team for a second factor"},
	"session.begun":            {Team, "signed in"},
	"session.others_revoked":   {Team, "ended their other sessions"},
	"session.revoked":          {Team, "ended a session"},
	"invitation.sent":          {Team, "invited somebody"},
	"invitation.sent_again":    {Team, "invited somebody again"},
	"invitation.revoked":       {Team, "took an invitation back"},
	"invitation.accepted":      {Team, "accepted an invitation"},
	"grant.given":              {Team, "gave somebody access"},
	"grant.renewed":            {Team, "changed somebody's access"},
	"grant.ended":              {Team, "let somebody's access end"},
	"grant.taken":              {Team, "took somebody's access away"},
	"member.left":              {Team, "left the team"},

	"brand.created":              {Settings, "started the brand"},
	"brand.changed":              {Settings, "changed the brand's settings"},
	"brand.logo_changed":         {Settings, "changed the brand's logo"},
	"brand.keeping_changed":      {Settings, "changed for how long things are kept"},
	"brand.imported":             {Settings, "brought the brand over"},
	"brand.erase_begun":          {Settings, "began to erase the brand"},
	"brand.erase_undone":         {Settings, "kept the brand after all"},
	"brand.erased":               {Settings, "erased a brand"},
	"data.exported":              {Settings, "had everything put into an archive"},
	"data.downloaded":            {Settings, "downloaded an archive"},
	"log.exported":               {Settings, "exported the log"},
	"token.created":              {Settings, "made an API token"},
	"token.revoked":              {Settings, "revoked an API token"},
	"notifications.chosen":       {Settings, "chose what they are told"},
	"notifications.unsubscribed": {Settings, "unsubscribed from mail"},
	"letter.tested":              {Settings, "had a test letter written"},
	"webhook.created":            {Settings, "added a webhook"},
	"webhook.changed":            {Settings, "changed a webhook"},
	"webhook.paused":             {Settings, "paused a webhook"},
	"webhook.resumed":            {Settings, "resumed a webhook"},
	"webhook.rotated":            {Settings, "gave a webhook a new secret"},
	"webhook.removed":            {Settings, "removed a webhook"},
	"webhook.resent":             {Settings, "sent a webhook call again"},
	"webhook.tested":             {Settings, "tested a webhook"},
	"webhook.disabled":           {Settings, "switched a webhook off"},

	"hold.set":      {Holds, "put everything on hold"},
	"hold.released": {Holds, "released the hold"},
}

// AreaOf is where an act belongs. One that is not known belongs to the area of
// its like, else to the settings.
func AreaOf(act string) Area {
	if a, known := Acts[act]; known {
		return a.Area
	}
	noun, _, _ := strings.Cut(act, ".")
	for _, name := range slices.Sorted(maps.Keys(Acts)) {
		if strings.HasPrefix(name, noun+".") {
			return Acts[name].Area
		}
	}
	return Settings
}
