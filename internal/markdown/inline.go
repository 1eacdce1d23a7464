package markdown

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// mention is somebody who is named.
type mention struct {
	ast.BaseInline
	handle string
	href   string // "": it stays text
}

var kindMention = ast.NewNodeKind("Mention")

func (*mention) Kind() ast.NodeKind { return kindMention }

func (m *mention) Dump(src []byte, level int) {
	ast.DumpHelper(m, src, level, map[string]string{"handle": m.handle}, nil)
}

// named finds @handles.
type named struct{}

func (named) Trigger() []byte { return []byte{'@'} }

func (named) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	if before := block.PrecendingCharacter(); word(before) || strings.ContainsRune("@/.-+", before) {
		return nil // an e-mail address, or a part of another
	}
	line, _ := block.PeekLine()
	n := 1
	for n < len(line) && n <= 30 && (letter(line[n]) || strings.IndexByte("_-.", line[n]) >= 0) {
		n++
	}
	handle := strings.TrimRight(string(line[1:n]), "_-.")
	if len(handle) < 2 || !letter(handle[0]) || n < len(line) && (letter(line[n]) || line[n] == '@') {
		return nil
	}
	block.Advance(1 + len(handle))
	return &mention{handle: handle}
}

// word reports whether a rune is a part of a word.
func word(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// sign is an emoji that was written by its name.
type sign struct {
	ast.BaseInline
	is string
}

var kindSign = ast.NewNodeKind("Emoji")

func (*sign) Kind() ast.NodeKind { return kindSign }

func (s *sign) Dump(src []byte, level int) {
	ast.DumpHelper(s, src, level, map[string]string{"is": s.is}, nil)
}

// emoji finds :names: of emoji.
type emoji struct{}

func (emoji) Trigger() []byte { return []byte{':'} }

const longestName = 24

func (emoji) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, _ := block.PeekLine()
	end := bytes.IndexByte(line[1:min(len(line), longestName+2)], ':')
	if end < 1 {
		return nil
	}
	is, known := emojis[string(line[1:end+1])]
	before := block.PrecendingCharacter()
	after, _ := utf8.DecodeRune(line[end+2:])
	if !known || word(before) || before == ':' || word(after) || after == ':' { // "1:100:2", "a::x::b"
		return nil
	}
	block.Advance(end + 2)
	return &sign{is: is}
}

// emojis are those that are written most, by the names that other programs give
// them as well.
var emojis = table(`
smile 😄 smiley 😃 grin 😁 grinning 😀 laughing 😆 joy 😂 rofl 🤣 slightly_smiling_face 🙂 upside_down_face 🙃 wink 😉 blush 😊 innocent 😇 heart_eyes 😍 star_struck 🤩
kissing_heart 😘 yum 😋 stuck_out_tongue 😛 stuck_out_tongue_winking_eye 😜 zany_face 🤪 hugs 🤗 thinking 🤔 zipper_mouth_face 🤐 raised_eyebrow 🤨 neutral_face 😐 expressionless 😑
smirk 😏 unamused 😒 roll_eyes 🙄 grimacing 😬 relieved 😌 pensive 😔 sleepy 😪 sleeping 😴 mask 😷 exploding_head 🤯 cowboy_hat_face 🤠 partying_face 🥳 sunglasses 😎 nerd_face 🤓
confused 😕 worried 😟 open_mouth 😮 astonished 😲 flushed 😳 pleading_face 🥺 cry 😢 sob 😭 scream 😱 disappointed 😞 sweat 😓 sweat_smile 😅 weary 😩 tired_face 😫 angry 😠 rage 😡
clown_face 🤡 ghost 👻 robot 🤖 wave 👋 raised_hand ✋ ok_hand 👌 v ✌️ crossed_fingers 🤞 point_left 👈 point_right 👉 point_up ☝️ point_down 👇 +1 👍 thumbsup 👍 -1 👎 thumbsdown 👎
clap 👏 raised_hands 🙌 open_hands 👐 handshake 🤝 pray 🙏 muscle 💪 eyes 👀 brain 🧠 facepalm 🤦 shrug 🤷 heart ❤️ orange_heart 🧡 yellow_heart 💛 green_heart 💚 blue_heart 💙
purple_heart 💜 black_heart 🖤 white_heart 🤍 broken_heart 💔 two_hearts 💕 sparkling_heart 💖 100 💯 boom 💥 sweat_drops 💦 dash 💨 speech_balloon 💬 zzz 💤 star ⭐ star2 🌟 sparkles ✨
zap ⚡ fire 🔥 rainbow 🌈 sunny ☀️ cloud ☁️ snowflake ❄️ umbrella ☔ droplet 💧 ocean 🌊 tada 🎉 confetti_ball 🎊 balloon 🎈 gift 🎁 trophy 🏆 medal_sports 🏅 dart 🎯 video_game 🎮 art 🎨
musical_note 🎵 headphones 🎧 camera 📷 movie_camera 🎥 tv 📺 iphone 📱 computer 💻 keyboard ⌨️ bulb 💡 battery 🔋 mag 🔍 lock 🔒 unlock 🔓 key 🔑 hammer 🔨 wrench 🔧 gear ⚙️ link 🔗
paperclip 📎 scissors ✂️ pencil2 ✏️ memo 📝 books 📚 book 📖 bookmark 🔖 calendar 📅 date 📅 chart_with_upwards_trend 📈 bar_chart 📊 clipboard 📋 pushpin 📌 package 📦 email 📧 mailbox 📫
bell 🔔 no_bell 🔕 loudspeaker 📢 mega 📣 hourglass ⌛ watch ⌚ alarm_clock ⏰ rocket 🚀 airplane ✈️ car 🚗 bike 🚲 train 🚆 house 🏠 office 🏢 tent ⛺ mountain ⛰️ earth_africa 🌍 earth_americas 🌎
coffee ☕ tea 🍵 beer 🍺 beers 🍻 wine_glass 🍷 pizza 🍕 hamburger 🍔 cake 🍰 birthday 🎂 cookie 🍪 apple 🍎 banana 🍌 strawberry 🍓 avocado 🥑 bread 🍞 cheese 🧀 seedling 🌱 evergreen_tree 🌲
cactus 🌵 tulip 🌷 rose 🌹 sunflower 🌻 four_leaf_clover 🍀 leaves 🍃 dog 🐶 cat 🐱 mouse 🐭 fox_face 🦊 bear 🐻 panda_face 🐼 penguin 🐧 bird 🐦 bee 🐝 bug 🐛 butterfly 🦋 turtle 🐢 snail 🐌
fish 🐟 whale 🐳 unicorn 🦄 white_check_mark ✅ heavy_check_mark ✔️ x ❌ warning ⚠️ question ❓ exclamation ❗ information_source ℹ️ no_entry ⛔ recycle ♻️ arrow_right ➡️ arrow_left ⬅️ arrow_up ⬆️
arrow_down ⬇️ new 🆕 ok 🆗 cool 🆒 free 🆓 sos 🆘 construction 🚧 checkered_flag 🏁 triangular_flag_on_post 🚩 rainbow_flag 🏳️‍🌈`)

func table(text string) map[string]string {
	words := strings.Fields(text)
	out := make(map[string]string, len(words)/2)
	for i := 0; i+1 < len(words); i += 2 {
		out[words[i]] = words[i+1]
	}
	return out
}
