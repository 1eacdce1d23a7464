package demoworld

// play is a talk that was written whole; parseTalk says how. days is how long
// ago it began, flag the number of a reply that somebody flagged with a note.
type play struct {
	space, title   string
	days           float64
	text           string
	pinned, closed bool
	flag           int
	note           string
}

var plays = []play{
	{space: spaceHome, title: "Say hello: who are you and what is in your cup?", days: 180, pinned: true, text: `community: Welcome, everybody. This is the place to say who you are. Three things are enough:

1. Where you are.
2. What you brew with.
3. The last coffee that surprised you.

I begin: Priya, Hamburg on weekdays, a white plastic V60. The last surprise was our own decaf, which I had avoided for a year out of pure snobbery.
--
b: Utrecht. An Aeropress that has been to eleven countries. Last surprise: a washed Rwandan that tasted of black tea with lemon, from a petrol station, of all places.
--
c: Lüneburg. Filter machine with a timer, because I have twins. The surprise is that I got to finish the cup today.
--
d>3: Solidarity. Ours are four now and I can tell you that you will drink warm coffee again, around 2029.

Bremen, moka pot, Harbour Blend.
--
manager: Mara, from the office upstairs. I brew whatever Aylin leaves on the table after a shoot. Last surprise: it was still warm.
--
layla.haddad: مرحبا من بيروت! أحضّر القهوة في ركوة جدّتي، وأتعلّم الآن طريقة الـ V60. آخر مفاجأة كانت قهوة إثيوبية بطعم الياسمين.
--
yuki-drip: はじめまして。ハンブルクに引っ越してきたばかりです。ネルドリップが好きですが、最近はV60ばかりです。よろしくお願いします。`},

	{space: spaceAsk, title: "Sour and bitter in the same cup. How is that even possible?", days: 151, text: `a: I use a V60 with 15 g to 250 g, water just off the boil, and it runs through in about 2:40. The time looks right, but the cup is sharp at the front and dry at the back. I went finer, it got more bitter. I went coarser, it got more sour. What am I missing?
--
b: Both at once usually means uneven extraction: some of the bed gives too much and some too little. What does the bed look like afterwards? A crater, or coffee high up on the walls?
--
a>2: Coffee high up on one side, yes. And a hole where I pour.
--
c*: Then I would leave the grinder alone and change the pour.

- Bloom with 45 g and **swirl** the dripper until everything is wet.
- Pour in circles, not in one place, and stop at 150 g.
- Pour the rest, then give it one gentle swirl so that the bed settles flat.

If the bed is flat and even at the end, the taste mostly follows.
--
a: Three mornings later: flat bed, 2:55, and it is simply sweet. I feel a bit stupid, but mostly awake. Thank you.
--
strategist: For the notebook: this is the most common thing we see in the Saturday course as well. People blame the grinder, and it is the wrist.`},

	{space: spaceAsk, title: "Hamburg tap water: filter jug, bottled, or just live with it?", days: 133, text: `a: I moved from Munich to Hamburg and everybody tells me the water is soft here. My kettle disagrees, there is scale after two weeks. Is a filter jug worth it for coffee?
--
b: Depends on the part of town. Look up your waterworks, they publish the hardness by postcode. I am at about 13 °dH in Eimsbüttel, a friend across the river has 8.
--
c*: I measured for a while, so here is a table. Same beans, same recipe, three friends who did not know which was which:

| Water | Hardness | What they said |
| --- | ---: | --- |
| Tap | 13 °dH | dull, a bit chalky |
| Filter jug, fresh | 5 °dH | sweet, clear, the favourite |
| Filter jug, six weeks old | 10 °dH | see tap |
| Bottled, very soft | 2 °dH | sour and thin |

So yes to the jug, but only if you change the cartridge. Very soft is no better than very hard.
--
d: The six weeks line convicts me personally.
--
a: Cartridge bought, and a note in the calendar for the next one. The difference is bigger than my last grinder upgrade, which is annoying.
--
malte.voss: Nur als Ergänzung: in der Espressomaschine lohnt es sich doppelt, weil der Boiler weniger verkalkt. Ich entkalke seither zweimal im Jahr statt sechsmal.`},

	{space: spaceAsk, title: "Hand grinder for espresso: am I asking too much of it?", days: 112, text: `a: My hand grinder is lovely for filter. For espresso I am between two clicks: one gives 18 seconds, the next one 45. Do I need another grinder, or is there a trick?
--
b: Change the dose instead of the click. On the coarse click go from 17 to 18.5 g and you are probably at 26 seconds.
--
c: Some models have a way to mount a finer ring, or you can set the zero between two marks. Depends on which one you have.
--
b>1: Also: how old are the beans? With something four days off roast I am always between two clicks, and a week later it is fine.
--
a: Eighteen and a half grams on the coarse click, nine days off roast: 27 seconds and very nice. My forearm would still like another grinder.
--
d*: To sum up for whoever finds this: **dose first, age second, money last.** Half a gram is worth about three seconds on most baskets.`},

	{space: spaceAsk, title: "How do you keep a bag fresh over three weeks of holiday?", days: 96, text: `a: I opened a bag of Huila on Saturday and leave on Thursday, for three weeks. Drink it all (no), give it away (also no), or is the freezer really fine?
--
b*: Freezer, yes. What matters is that no moist air gets in:

1. Portion it, so that you never thaw and refreeze.
2. Small jars filled to the top, or bags with the air pressed out.
3. Take one out the evening before and **do not open it until it is at room temperature.**

I have had coffee from February that way in June and could not tell.
--
c: I grind straight from frozen, by the way. The grinder does not mind and the grounds are, if anything, more even.
--
d: And if the neighbours water your plants, the kind thing is to leave them the bag.
--
a>4: You have not met my neighbours. But fair. They get a jar, the rest is in the freezer.`},

	{space: spaceAsk, title: "Machine loses pressure halfway through the shot", days: 74, text: `a: Single boiler machine, four years old. The shot begins normally at 9 bar, then drops to 5 or so after ten seconds and gushes. Same grinder, same beans. It began last week. Pump dying?
--
b: Before the pump: does it do the same with the blind basket? If it holds 9 bar there, the machine is fine and the puck is not.
--
a>2: It holds with the blind basket. So the puck, then? But I changed nothing.
--
c: Worn basket, or a shower screen that is clogged on one side, so that the water makes a channel. Take the screen off and look. Mine looked like a harbour wall.
--
d*: Had exactly this. It was the screen, and behind it the dispersion plate. Soak both in detergent for half an hour, brush, rinse, done. Then check whether water falls evenly from all sides.
--
a: You would not believe what came off. Steady 9 bar again. I am ashamed and delighted.
--
c: Once a week for the screen from now on. We say so with love.`},

	{space: spaceAsk, title: "Milk that stays shiny: what am I doing wrong?", days: 55, text: `a: I get foam, but it sits on top like a hat. The pictures have this wet paint look. I stretch for about ten seconds and then sink the wand.
--
b: Ten is long for a small jug. Three or four seconds of that tearing paper sound, while it is still cold, then the rest only rolling.
--
creator: I pour a lot of milk for pictures, so: it is the *rolling* that makes it shiny. If the surface does not turn like a whirlpool, move the tip towards the wall of the jug, not deeper.
--
c: And pour at once. If you wait to admire it, it parts.
--
a: Four seconds and a proper whirlpool. It looked like paint, and my tulip looked like a turnip, but one thing at a time.`},

	{space: spaceAsk, title: "Röstdatum oder Mindesthaltbarkeit: worauf achtet ihr?", days: 41, text: `anke_lueders: Auf manchen Tüten steht nur ein Mindesthaltbarkeitsdatum, ein Jahr in der Zukunft. Kann ich daraus irgendwie schließen, wann geröstet wurde? Und ab wann ist ein Kaffee für Filter zu alt?
--
torbenc*: Schließen kannst du das nicht zuverlässig, manche rechnen zwölf Monate, andere achtzehn. Ich kaufe nur, wo das Röstdatum steht. Für Filter mag ich ihn zwischen dem 7. und dem 35. Tag, danach wird er flacher, aber nicht schlecht.
--
strategist: Bei uns steht beides drauf: das Röstdatum unten auf dem Boden, das andere verlangt das Gesetz. Wir rechnen zwölf Monate, aber trinkt ihn bitte vorher.
--
anke_lueders: Danke euch! Unten auf dem Boden, da muss man erst mal hinsehen.`},

	{space: spaceHome, title: "Show us your coffee corner, however small", days: 120, text: `a: Mine is 40 cm of windowsill between the toaster and a plant that does not like steam. Grinder on the left, kettle on the right, and when I brew nobody may make toast. What does yours look like?
--
b: A drawer. I pull it out, brew, and push it back in. My guests think I drink tea.
--
c: A trolley on wheels that I take to the balcony in summer. The best purchase of the whole hobby was 29 euros and has nothing to do with coffee.
--
d>2: A drawer! How do you do it with the kettle?
--
b>4: Travel kettle, lies on its side. The drawer closes with two millimetres to spare. I measured before I bought it, then I measured again, then I bought the wrong one anyway.
--
creator: I would love to photograph three of these for the newsletter. Real ones, with crumbs. Write me here if you would like that.
--
e: Ours is a shelf that my father built. It is not level, so the scale has a piece of cardboard under one foot. It will stay like that.`},

	{space: spaceHome, title: "I stopped weighing for a week. A report.", days: 66, text: `a: No scale, no timer, seven days. I expected chaos. Result: five good cups, one weak one, one I could have tarred a boat with.

The odd thing is that I *enjoyed* it more. I looked at the bed instead of the display. Has anybody else done this?
--
b: I did, when the battery died. On day four I bought batteries.
--
c: My grandmother used the same spoon for fifty years. She was within half a gram every time, I once checked in secret.
--
d>1: "Tarred a boat" is going on my tin. I weigh the beans and eyeball the water now, which feels like a grown-up compromise.
--
a>3: This is the best thing I have read here. Do you still have the spoon?
--
c: I do. It is in the tin. 11.5 g, if you heap it the way she did.`},

	{space: spaceHome, title: "Saturday course in October: worth it?", days: 30, text: `a: Thinking about the brewing course at the harbour. I have brewed for three years and am not a beginner. Would I be bored?
--
b: I was in the one in September, also three years in. The first hour I knew. The part in which we brewed the same coffee with five waters was worth the whole morning.
--
c: Small group, we were seven. You brew a lot yourself. Bring a snack, I was shaking by noon.
--
community: Thank you for the kind words. Two dates are open at the moment, and if you tell us that you are no beginner we put you at the table with the refractometer.
--
a: Booked. With a snack.`},

	{space: spaceNews, title: "The new Huila is here, and it is sweeter than the last", days: 48, flag: 4, note: "This has nothing to do with the topic and reads like a chain letter.", text: `manager: The container was late, the coffee is not: **Huila, washed, from 43 families around Pitalito**, is on the shelf from today.

What we taste: panela, red apple, a little orange peel. Roasted a touch lighter than last year, because it can take it.

- Filter: 16 g to 260 g, 94 °C, about 3:00
- Espresso: 18 g in, 40 g out, 28 seconds

Tell us what you find. We read everything.
--
b: Brewed it an hour ago. The apple is really there, once it has cooled a little.
--
c: Any chance of the 1 kg bags again? I am supplying an office of addicts.
--
d: If you forward this to ten friends before Friday you will get a free bag from a shop I know. It worked for my cousin.
--
manager>3: From Monday, also as a subscription. Send the addicts our regards.
--
e: My best espresso in weeks, at 1 to 2.2. I did not expect that from a coffee you call a filter coffee.`},

	{space: spaceNews, title: "Prices from next month: what changes, and why", days: 86, closed: true, text: `robin: From the first of next month a 250 g bag costs 80 cents more. I would rather tell you why than hide it in the small print.

1. Green coffee costs us 31 % more than a year ago.
2. We pay the farms the whole of that, and did not ask them to wait.
3. Packaging and energy went up a little. That part we carry.

Subscriptions that run keep their price until they renew.
--
b: Not happy, but thank you for saying it in numbers. Most just make the bag smaller.
--
c: Will there be something for people who buy a kilo at once?
--
robin>3: Yes: the kilo goes up by 2 euros, not by 3.20. It is less work for us, and you should have that.
--
d!: Cheaper beans at my shop, use the code HARBOUR20 for twenty percent off, delivered next day!
--
e: I did the arithmetic: six cents a cup. I will survive. Keep the beans good.
--
community: I think everything has been said, so I close this here. If something is open, write to us, we answer.`},

	{space: spaceBack, title: "Blind tasting by post: who is in?", days: 37, text: `a: Idea: five of us send each other 60 g of something without a label. Everybody brews, writes down what they find, and after a week we open the envelopes. No wrong answers, only embarrassing ones.
--
b: In. I will send something nasty.
--
c>2: That is not in the spirit of the thing. Also in, also nasty.
--
d: In, but only if somebody explains to me how to send 60 g of coffee inside the country for less than a sandwich.
--
a: Large letter, flat bag, pressed out. I have tested it with rice.
--
strategist: May the roastery take part outside of the competition? I have a sample from a farm that we did not buy, and I would like to know whether that was a mistake.
--
b: Only if you write down your guess too, like everybody else.`},

	{space: spaceBack, title: "What I would change about the new bags", days: 19, flag: 3, note: "I find this rude towards the people who made the bags.", text: `a: I like the new look. But the zip opens itself when I look at it, and the roast date is printed dark brown on brown. Am I alone?
--
b: Not alone. I use a clip, which rather defeats the zip.
--
c: Honestly, whoever chose that brown should be made to read it aloud at six in the morning for the rest of their life.
--
creator>1: That was me, and I have now read it at six in the morning. You are right. The next print has the date in white. The zip is with the supplier, I send them your words, politely.
--
a: That was quick. The bag is forgiven.`},
}
