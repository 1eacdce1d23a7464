package demoworld

// seed is how a talk begins, and which parts it goes on with. days is how long
// ago it began; 0 spreads it over the half year.
type seed struct {
	space, tag, title, text string
	replies                 int
	solved                  bool
	days                    float64
}

var seeds = []seed{
	// Questions.
	{spaceAsk, "grind", "V60 stalls at the end, even when I grind coarse", "a: The last 60 g take forever. I have gone {clicks} clicks coarser and it only gets weaker, not faster. Paper is the brown kind. Fines?", 8, true, 0},
	{spaceAsk, "grind", "How often do you clean the burrs?", "a: I brush mine out every Sunday, and a friend says that is far too often. What do you do, and do you take them out?", 7, true, 0},
	{spaceAsk, "grind", "Static everywhere: grounds stick to the whole kitchen", "a: Since the heating is on, half of the dose clings to the cup of the grinder. Is there anything that helps and is not a gadget?", 9, true, 0},
	{spaceAsk, "grind", "Going from a blade grinder to a real one on 120 euros", "a: I would like one grinder for moka pot and filter, electric or not. What would you buy for 120 euros, used is fine?", 10, true, 0},
	{spaceAsk, "water", "Is mixing my own water madness?", "a: I have read three articles and own a bottle of magnesium. Before I pour it into my kettle: does it make a difference that I will taste?", 8, true, 0},
	{spaceAsk, "water", "Boiling or not for a light roast?", "a: One recipe says 92, the next one says straight off the boil. Same kind of coffee. Whom do I believe?", 9, true, 0},
	{spaceAsk, "water", "White flakes in the kettle", "a: They are not dangerous, I know. But they end up in the dripper. Vinegar, citric acid, or a new kettle?", 6, false, 0},
	{spaceAsk, "machine", "How long does yours need to warm up, really?", "a: The manual says eight minutes. At eight minutes the group is lukewarm and the shot is sour. At thirty it is fine. Is that normal?", 9, true, 0},
	{spaceAsk, "machine", "Backflushing: how often with detergent?", "a: I do it with water after each day and with powder when I remember. What is sensible for four shots a day?", 7, true, 0},
	{spaceAsk, "machine", "Shot tastes fine, but it blonds after 15 seconds", "a: 18 in, 38 out, 27 seconds, tastes sweet. But the colour turns early. Do I care?", 6, false, 0},
	{spaceAsk, "machine", "Second-hand lever machine: what do I look at before I pay?", "a: Somebody two streets away sells one from the nineties. I can see it running. What should I check, apart from whether it leaks?", 8, true, 0},
	{spaceAsk, "milk", "Oat milk splits in my flat white", "a: Only with one coffee, the bright one. With the Harbour Blend it is fine. Is it the acid, the temperature, or the brand?", 8, true, 0},
	{spaceAsk, "milk", "Steaming for one: the jug is always too big", "a: I need 120 ml and my jug is 600. The wand hardly reaches it. Small jug, or another way?", 6, false, 0},
	{spaceAsk, "beans", "How long do you rest a light roast?", "a: I opened a bag on day four and it tasted of nothing but gas. On day sixteen it was wonderful. Is there a rule?", 9, true, 0},
	{spaceAsk, "beans", "One coffee for filter and espresso: is there such a thing?", "a: I do not want two bags open at the same time. Which of yours works for both, and how do you brew it?", 8, true, 0},
	{spaceAsk, "beans", "What does washed mean for what I taste?", "a: I know what it means for the farm, more or less. But when I stand in front of the shelf, what should I expect?", 7, true, 0},
	{spaceAsk, "aeropress", "Aeropress: which way up?", "a: Inverted feels like an accident waiting for me. Is there any difference in the cup?", 7, false, 0},
	{spaceAsk, "litre", "Brewing a litre for guests without it turning flat", "a: For one cup I know what to do. For eight people I either wait half an hour or serve something brown. What do you do?", 7, true, 0},
	{spaceAsk, "moka", "Moka pot tastes burnt at the end", "a: The first half is lovely, the second is ashtray. I use the small flame already.", 7, true, 0},
	{spaceAsk, "cold", "Cold brew: in the fridge or on the counter?", "a: Twelve hours on the counter was strong and muddy, twenty in the fridge was thin. Is there a middle?", 7, false, 0},
	{spaceAsk, "gear", "Scale with or without a timer?", "a: Mine has died. I have a telephone with a timer. Do I miss anything if I buy the plain one?", 6, false, 0},
	// The newest have no answer yet.
	{spaceAsk, "grind", "Does anybody grind for the whole week at once?", "a: I leave at five and do not want to wake everybody. How much do I lose if I grind on Sunday and keep it airtight?", 0, false, 0.3},
	{spaceAsk, "machine", "Steam wand drips since I descaled", "a: It never did before. The valve is closed as far as it goes. A gasket, or did I break something?", 0, false, 0.7},
	{spaceAsk, "water", "浄水器の水でも味が変わりますか?", "kenta_t: 同じ豆、同じレシピなのに、引っ越してから味が平たくなりました。水のせいでしょうか。おすすめの方法があれば教えてください。", 0, false, 1.2},
	{spaceAsk, "beans", "ما أفضل تحميص للقهوة مع الهيل؟", "omar_f: أحضّر القهوة في الركوة وأضيف الهيل الأخضر. أي محصول من عندكم يناسبها، الفاتح أم الداكن؟", 0, false, 1.9},
	{spaceAsk, "gear", "Paper filters from the roastery: will there be size 01 again?", "a: The small ones have been sold out for a while. Is that forever? I have eleven left.", 0, false, 2.6},
	// At home.
	{spaceHome, "morning", "The first ten minutes of your day", "a: Kettle on, radio on, window open for exactly as long as the bloom. What is yours? I collect mornings.", 10, false, 0},
	{spaceHome, "children", "Coffee with small children around", "a: Yesterday I found the bloom spoon in the aquarium. How do you brew with somebody on your arm?", 8, false, 0},
	{spaceHome, "mind", "A coffee that changed your mind", "a: I was sure that I do not like naturals. Then came a cup at a market that tasted of strawberry milk, and I had to be quiet for a while. What was yours?", 10, false, 0},
	{spaceHome, "eat", "What do you eat with it?", "a: I say rye bread with butter and salt. My partner says I have given up. Convince me of something.", 9, false, 0},
	{spaceHome, "tent", "Brewing in a tent", "a: Five days along the coast in spring, everything on my back. What do you take, and what did you carry for nothing?", 9, false, 0},
	{spaceHome, "rain", "Cafés for a rainy weekend in Hamburg", "a: My sister comes to visit and it will rain, because it is Hamburg. Where do we go, apart from the harbour bar?", 8, false, 0},
	{spaceHome, "world", "What the coffee is like where you are", "a: I travel for work and drink badly. Tell me about your town: what would I be handed if I said only “a coffee, please”?", 10, false, 0},
	{spaceHome, "cheap", "The cheapest thing that made the biggest difference", "a: For me it was a spray bottle for three euros. No more static, no more sweeping. What was yours?", 11, false, 0},
	{spaceHome, "unused", "Things I bought and do not use", "a: A distribution tool, a second scale, a kettle in another colour. Let us be honest with each other.", 10, false, 0},
	{spaceHome, "kettle", "My kettle is older than I am", "a: Enamel, from my aunt, no gooseneck, no thermometer. I pour over the back of a spoon. Does anybody else refuse to upgrade?", 8, false, 0},
	{spaceHome, "decaf", "Decaf in the evening: what are you drinking?", "a: I want the taste at nine and the sleep at eleven. What do you have, and does yours taste of something?", 8, false, 0},
	{spaceHome, "office", "Office coffee: I have become that person", "a: Hand grinder in the drawer, scale behind the monitor. Two colleagues have asked for a cup, one has asked me to stop. How is it at yours?", 9, false, 0},
	{spaceHome, "mind", "Filterkaffee bei den Eltern", "wiebke.harms: Jedes Jahr dasselbe: Mutter meint es gut, acht Löffel auf eine Kanne, zwei Stunden auf der Platte. Sagt ihr etwas, oder trinkt ihr einfach?\n--\ntorbenc: Trinken, loben, und zum nächsten Geburtstag eine Thermoskanne schenken. Seit der Thermoskanne ist wenigstens die Platte aus.\n--\nanke_lueders: Ich habe einmal etwas gesagt. Einmal.\n--\ncommunity: Meine Eltern trinken Tee. Ich bin hier also die Falsche, lese aber gebannt mit.\n--\ntorbenc: Anke, die ganze Geschichte bitte.\n--\nanke_lueders: Kurzfassung: Seither koche ich an Weihnachten den Kaffee, und **alle** sagen etwas.", 0, false, 0},
	// News.
	{spaceNews, "cheers", "Hilde has new bearings", "creator: Our drum roaster was silent for four days, and so were we. She runs again, quieter than before. Thank you for your patience with late parcels.", 8, false, 0},
	{spaceNews, "cheers", "Open roastery on the last Sunday of the month", "community: Doors at eleven, roasting at noon, tasting at two. Children may press the green button. No ticket needed, only bring a cup: **whoever brings their own gets a second one**.", 9, false, 0},
	{spaceNews, "cheers", "The Berlin bar opens an hour earlier", "manager: From Monday we are there from seven, because you asked, and because the baker is there anyway. On weekends it stays at nine.", 7, false, 0},
	{spaceNews, "cheers", "We send parcels without plastic from now on", "strategist: Paper tape, paper filling, and a box that fits. It took us a year to find tape that holds in the rain. If one arrives open, tell us, we replace it.", 8, false, 0},
	{spaceNews, "cheers", "A small lot from Nyeri, 90 bags", "manager: Blackcurrant, tomato leaf, and very loud. We bought what there was. One bag each, please, until Friday; after that whatever is left is fair game.", 9, false, 0},
	{spaceNews, "cheers", "Results of your survey, and what we do about it", "analyst: 214 of you answered. The short version:\n\n- 61 % brew filter most days, 27 % espresso\n- most wished for: smaller bags, and **more guides**\n- least wished for: another newsletter\n\nSo: 125 g bags from spring, one guide a month here, and no second newsletter.", 10, false, 0},
	// Guides.
	{spaceGuides, "reader", "V60 for one, step by step", "strategist: What you need: 15 g of coffee, 250 g of water at 94 °C, three minutes.\n\n1. Rinse the paper, throw that water away.\n2. Bloom with 45 g, swirl, wait until 0:40.\n3. Pour to 150 g by 1:10, in circles.\n4. Pour to 250 g by 1:40. Swirl once.\n5. It should have run through by about 2:50.\n\n> Too sour? Finer. Too bitter? Coarser. One change at a time.", 8, false, 0},
	{spaceGuides, "reader", "Dialling in espresso without losing your mind", "strategist: Fix the dose. Fix the yield. Change only the grind until the time is right, then taste.\n\n| It tastes | Do |\n| --- | --- |\n| sour, thin | finer, or a little more out |\n| bitter, dry | coarser, or a little less out |\n| both | look at how you distribute |\n\nWrite down what you did. Tomorrow you will not remember.", 9, false, 0},
	{spaceGuides, "reader", "Moka pot: low flame, open lid", "creator: Fill the boiler with hot water up to the valve, fill the basket without pressing, and keep the lid open so that you see it. When the stream turns pale, take it off and cool the base under the tap. That is all.", 7, false, 0},
	{spaceGuides, "reader", "Descaling, and why we ask you to", "strategist: Scale keeps heat from the water and falls off where you least want it.\n\n- Kettle: 20 g of citric acid to a litre, cold, an hour, rinse twice.\n- Machine: only what the manual names, never vinegar.\n\nHow often depends on your water. Every two months is a good beginning in Hamburg.", 7, false, 0},
	{spaceGuides, "reader", "Cold brew for a whole week", "community: 80 g coarse, one litre of cold water, 14 hours in the fridge, then through a paper. It keeps for five days in a closed bottle. One part to one part of water or tonic, ice, done.", 6, false, 0},
	{spaceGuides, "reader", "How to taste, without the poetry", "strategist: Brew two coffees, side by side. That is the whole trick: next to another, every coffee has something to say. Ask three questions of each. Is it sour or not? Is it heavy or light? Would I like another cup?", 7, false, 0},
	// The back room.
	{spaceBack, "sample", "First impressions of sample no. 7", "strategist: You were sent it without a name, on purpose. Write what you find before you read the others. We decide next week whether to buy it.", 10, false, 0},
	{spaceBack, "swap", "Swap shelf, autumn", "a: I have a spare set of 64 mm burrs, hardly used, and look for a small milk jug. What is lying about at yours?", 9, false, 0},
	{spaceBack, "opinion", "Unpopular opinions, the thread", "a: I begin: most espresso is served too hot to taste anything, and we all pretend. Your turn. Be kind, be wrong.", 12, false, 0},
	{spaceBack, "guide", "Which guide should come next?", "community: The list of your wishes is long. What would you read tomorrow, if it were there today?", 8, false, 0},
	{spaceBack, "market", "Meeting up at the market in December", "a: A few of us are going to be at the harbour market anyway. Second Saturday, by the crane, at three? I bring a thermos with something good.", 8, false, 5},
	// What waits for a look.
	{spaceAsk, "gear", "Which kettle do you recommend? I wrote a comparison", "a?: I tested nine kettles over the winter and put everything on my site: https://kettles.example/nine. Happy to answer questions about any of them.", 0, false, 0.2},
	{spaceAsk, "beans", "Is the Harbour Blend darker than it was?", "a: I have ordered it for {year} and the last bag looks a shade darker. It tastes fine. Did you change something, or is it me?\n--\nstrategist: Good eye. The Brazil in it is a new harvest and takes colour sooner. The roast curve is the same to the second.\n--\nb?: I noticed it as well! Mine is from the same week, I think. Here is how it looks next to the old one, in words: like a chestnut next to a hazelnut.", 0, false, 1.6},
	{spaceHome, "taste", "Your cup of the week", "a: Every Monday, one sentence: what was the best thing you drank? Mine was a washed Guji at a friend’s, brewed far too hot and wonderful.\n--\nb: A cortado on a ferry. I blame the wind.\n--\nc: The last of the Nyeri, shared with my father, who said “that is not coffee” and had a second one.\n--\nd?: First post here. Mine was a moka pot on my new balcony, with the neighbour’s cat watching.", 0, false, 2.1},
}

var parts = map[string][]string{
	"open": {
		"", "", "", "", "Two thoughts.", "From what I have seen:", "I had the same for {year}.", "Short answer first.", "I can only speak for my kitchen.", "Somebody in {city} taught me this:",
		"This comes up in our house too.", "Here is what worked for me.", "Small thing, big difference:", "Not sure it is the same at yours.", "With the {bean} at least:", "After {year} of doing it wrong:",
	},
	"end": {
		"", "", "", "", " Try it for three days before you judge.", " It costs nothing to try.", " Tell us how it went!", " Your water may want something else.", " I wrote it on the cupboard door, that is how often I forget it.",
		" With the {bean} I would begin there.", " One change at a time, though.", " That was it, for me.", " I still get it wrong on Mondays.", " Your mileage may vary.", " My neighbour in {city} swears by it too.", " {dose} g, if you want a number.", " I would start at {temp} °C.",
	},
	"wish": {
		"", "", "", "", " Greetings from {city}.", " Thank you!", " Keep going.", " More of this, please.", " I drink to that, the {bean}, as it happens.", " I have told {city} about it.", " Written with a cup of the {bean} beside me.", " ☕", " That made my morning.",
	},
	"asker": {
		"Thank you all so far.", "Good questions.", "To answer what you asked:", "I should have said that.", "Right, more detail.", "Sorry, I was at work.", "This is already more than I hoped for.",
	},
	"asks": {
		"I use {dose} g and water at {temp} °C, and the beans are {days} days old.", "It is the {bean}, {days} days after roasting.", "I have had it for {year} and never had it serviced.", "It takes about {min} from the first drop to the last.", "It happens with the {bean}, and with nothing else.",
		"I try the first suggestion tomorrow and report, with {dose} g.", "My last three were at {sec}, {sec} and {sec} seconds, so it is not very steady.", "I have changed only the dose so far, from {dose} to {dose} g.", "No filter for the water, straight from the tap in {city}.",
	},
	"result": {
		"Tried it this morning with {dose} g:", "Update after {days} days:", "Done, with the {bean}, and", "I did what you said, at {temp} °C:", "So, {min} now, and", "The verdict from {city}:", "Third try, {dose} g:",
	},
	"thanks": {
		"it is so much better that I made a second cup.", "night and day. Thank you!", "that was it. I mark it as the answer.", "my partner noticed before I said a word.", "sweet, clear, and I am a little embarrassed.", "I would not have found that alone.", "works. The rest of the bag is safe.", "you were right and I was stubborn.",
	},
	"agree": {
		"This.", "I second that.", "Exactly my experience, only that I took longer.", "I would not go quite as far, but yes.", "Interesting, I do the opposite and it works too.", "Good point, and one more:", "Writing that down.", "Ha, yes.", "That is the part that nobody tells you.", "True in {city} as well.", "I was about to say so.",
		"With one addition:",
	},
	"grind": {
		"Look at the fines before you look at the burrs: rub a little between two fingers, and if it feels like flour the grinder is asking for a clean.", "A drop of water on the beans before grinding keeps the static down, and the grounds come out in one go.", "Go {clicks} clicks finer, and pour more slowly instead of in pulses.", "I set mine to zero once a month, because the ring wanders, and then count {clicks} clicks from there.",
		"Grind a handful of old beans after cleaning. The first dose out of clean burrs is always odd.", "Cheap paper is slower than one thinks. Try another brand before another grinder.", "Lighter roasts want it finer than you dare. For the {bean} I am {clicks} clicks below where I am for everything else.", "A brush and a wooden skewer do the job; I take the upper burr out every two or three months.",
		"Listen to it. When the pitch rises the beans are through, and what comes after is dust.", "Used hand grinders are the best value there is. Hold it, turn it, and walk away if the shaft wobbles.", "Less pouring from high up. The water stirs the bed, and the fines end up in the paper.", "Give it a slow turn at the end of the dose. Half a gram hides in there every time.",
	},
	"water": {
		"Just off the boil for light roasts, {temp} °C for the rest, and I stopped thinking about it.", "A cartridge lasts four weeks here, whatever the box says.", "Half tap, half very soft bottled water was good enough for me.", "Citric acid, cold, an hour. Vinegar smells for days.", "Hardness strips cost a few euros, and then at least you know what you argue about.",
		"The kettle loses three or four degrees on the way to the dripper, so what the display says is not what the coffee gets.", "If the cup is flat rather than sour, it is the water more often than the grind.", "I tried five waters with the {bean}. The differences were larger than between two of my grinders.", "Soft water makes everything taste sharper. I go up to {temp} °C and a little finer.", "Preheat the dripper. With plastic it hardly matters, with ceramic it is worth a whole click.", "Let the tap run for a moment in the morning; what has stood in the pipe overnight tastes of pipe.",
	},
	"machine": {
		"Half an hour, with the portafilter in. The boiler is hot long before the group is.", "A socket with a timer is the best upgrade I ever bought.", "Powder once a week if you pull four a day, water every evening.", "The colour is a rumour. If it tastes sweet at {sec} seconds, leave it.", "Look at the gasket first. They are a few euros and go hard after two years.",
		"Run one blank shot before the first. It heats the group and rinses out yesterday.", "Take the shower screen off. Whatever the question is, take the shower screen off.", "Ask to see it cold, then switch it on yourself. Leaks show while it warms up, not when it is hot.", "{dose} g in a basket made for that and not two more: the puck needs room.",
		"Mine does that when the beans are younger than {days} days. Wait, before you open anything.", "Descale only with what the maker names. The rest I learned the expensive way.", "Spare parts are what you pay for in the end. Look them up before you buy.",
	},
	"milk": {
		"Cooler milk, cooler coffee, and pour the milk first. It splits much less.", "It is the acid. A darker roast, or the barista kind with the stabiliser, and it stays together.", "A 350 ml jug, filled to where the spout begins. Smaller ones are hard to roll.", "Stop at the point where you can just about hold the jug.", "Fresh from the fridge, always. The longer it takes to warm up, the more time you have.",
		"I froth with a French press when it is only for me. Twenty strokes and nobody notices.", "Shake the carton. With oat all the good things are at the bottom.", "Wipe and purge, before and after. The taste of old milk is what people call burnt.", "The wand just under the surface at the rim, not in the middle.", "{dose} g of coffee to 120 ml of milk is where I stopped looking.",
	},
	"beans": {
		"Between day {days} and a month, for filter. For espresso a few days more.", "Washed is the window, natural is the curtain, if that helps.", "The {bean} does both for me: 1 to 16 as filter, 1 to 2.2 as espresso.", "Buy smaller bags more often. It beats every jar.", "Smell the bag. When it smells of hazelnut and not of metal, it is ready.",
		"For both I take a medium roast and go longer on the espresso: {dose} g in, two and a half times that out.", "A light roast that is too young tastes of soda water. Leave it closed and forget it for {days} days.", "Ask for what was roasted this week and open it next week.", "Washed coffees show their fruit when they cool, so do not judge them hot.", "Altitude on the label tells you more than the adjectives.", "I keep one bag open and one closed, never more.",
	},
	"aeropress": {
		"Standard way up, with the plunger put on the top at once. The vacuum holds the water just as well.", "Steep for two minutes, press for thirty seconds, stop at the hiss.", "I could not tell them apart blind, and neither could my flatmate. I have cleaned the ceiling once, so: upright.", "Inverted only if you steep longer than two minutes, or grind very coarse.", "Two papers instead of one slow the drip down, if that is what worries you.", "It matters less than the stirring. Same number of turns each time, whichever way up.", "Rinse the paper, and press more gently than you think. The last push is where the bitter comes from.", "There is a cap with a valve. It ends the discussion for the price of two bags.",
	},
	"litre": {
		"Two batches of half a litre, and a thermos that was rinsed with hot water before.", "60 g to the litre, coarser than you think, and about five minutes.", "A decent filter machine is no shame. Mine does eight cups at {temp} °C while I talk to people.", "Let it cool for five minutes before you serve. Nobody can taste anything at ninety degrees.", "I brew it a little strong and add hot water at the table. Everybody gets what they like.", "French press, the big one, and pour all of it into a jug after four minutes so that it stops.", "Never on a hotplate. That is where it turns brown.", "A bigger dripper, size 03, and pour in four parts.",
	},
	"moka": {
		"Take it off the flame when it begins to sputter and cool the base under the tap.", "Hot water into the boiler instead of cold. The grounds do not cook while it heats up.", "Leave the lid open and stop when the stream turns pale. What comes after that is the ashtray.", "Coarser than espresso, finer than filter, and never pressed down.", "Look at the gasket. If steam gets out at the side, everything takes too long.", "Fill the basket to the rim. Half full, the water finds a way around.", "A darker roast forgives less here than one thinks. I use the {bean} and it stays sweet.", "Pour it out at once, all of it, into something cold.",
	},
	"cold": {
		"Fridge, sixteen hours, and coarser than for a French press.", "Through a paper at the end. It takes a while and is worth it.", "80 g to the litre, then one to one with water.", "I brew it hot over ice instead: half of the water as ice, {dose} g to 250 in all.", "On the counter it gets there sooner, but the bitter things come along.", "Stir after the first ten minutes, so that nothing stays dry.", "Something chocolatey, not the bright ones. The cold takes the fruit away.", "It keeps for four or five days. On day six it tastes of the fridge.",
	},
	"gear": {
		"Plain scale, telephone for the time. Half a second does not matter.", "A tenth of a gram for the dose, whole grams for the water.", "Look whether it switches itself off while you bloom. Mine did, and I shouted at it.", "Used, from somebody who upgrades every spring. There is always one.", "I had three, and use the cheapest.", "Waterproof beats precise.", "A response time under a second is the only number I would pay for.", "Ask at the counter, they let you try theirs.",
	},
	"cheers": {
		"Lovely news.", "I will be there with two cups and an excuse.", "Finally! I have asked for that for {year}.", "Ordered the {bean} while reading this.", "Will that come to {city} as well, one day?", "Thank you for saying why, and not only what.", "My parcel came yesterday and held, in the rain.", "Give Hilde my regards.", "That is the sort of thing I stay for.", "Is there a way to be told a day before?", "I was there the last time: come early, the good chairs go first.",
		"Please never change the stickers, whatever else you do.", "Reads well. I look forward to tasting it.", "I have already told half of my stairwell.", "The photographs are beautiful, by the way.",
	},
	"reader": {
		"Followed it to the letter with {dose} g: the best one I made at home so far.", "One question: does the second step change if I use twice as much?", "I would add: weigh the water that stays in the bed as well, it is about twice the dose.", "With the {bean} I end up at {min}. Still fine, or too slow?", "Printed it, it hangs beside the kettle.", "The sentence about one change at a time should be on the bag.", "At {temp} °C it is rounder, for my taste.", "Could you say how coarse, in words? My grinder has no numbers.",
		"I skipped the swirl for years. That was the mistake.", "Sent it to my brother in {city}, who does everything by ear.", "Clear, short, and it works. Thank you.", "My machine is done at {sec} seconds with that. I stay there.", "It also works with a metal filter, if you go a little coarser.",
	},
	"morning": {
		"Radio, window, kettle, in that order, and nobody speaks before the second sip.", "The kettle goes on before the light does.", "A walk around the block while it cools. I take it along in a jam jar.", "I read two pages of something that is not on a screen. Some days it is the back of the bag.", "Same cup for eleven years. It has a chip where my thumb goes.",
		"I weigh it in my pyjamas at six and feel like a chemist.", "No coffee until the dog has been out. He insists.", "We take turns. Whoever brews does not have to talk.", "I grind the evening before, so that the morning is quiet, and I do not care what that costs in taste.", "Mine begin at four in the afternoon, night shift. Same kettle, other light.",
	},
	"children": {
		"With one hand: everything that needs two happens while the other one is asleep.", "The little one presses the button on the grinder and is very serious about it.", "A lid. Everything has a lid now.", "I bloom, change a nappy, and pour. It turns out that a bloom may take nine minutes.", "Cold brew, made the evening before. It does not know what warm is and cannot disappoint you.",
		"In the sling, back to the stove. And a kettle that switches itself off, please.", "Ours plays café. I pay for my own coffee with chestnuts.", "An aquarium spoon! We found the dosing cup in the sandpit in {city}, two holidays later.",
	},
	"mind": {
		"A natural from Sidama, at a friend’s kitchen table, with the window open. I asked whether she had put jam into it.", "The {bean} cooled down to nothing, forgotten on the desk, and better than all the hot ones.", "My mother’s filter coffee, with condensed milk, on a boat. Nothing I ever made came near.", "I thought that I disliked acidity. What I disliked was sour coffee.",
		"A lungo in a motorway café near {city}, for no reason that I can explain.", "The first one after a week of a cold, when you can smell again.", "A Robusta, of all things, from somebody who takes it seriously. I had to apologise to a whole species.", "Kenya. I said tomato, everybody laughed, then everybody tasted tomato.", "Turkish coffee at my neighbour’s. I had written it off as mud. She did not let me leave before the second pot.",
		"None yet, I am still sure that I do not like naturals. But now I want that strawberry milk.",
	},
	"eat": {
		"Cheese. An old Gouda and a washed Kenyan. I know how it sounds.", "Cinnamon rolls, and nothing that has chocolate in it.", "Toast with salted butter. You are right and your partner is wrong.", "Dates. One date, one sip. It took me forty years to find out.", "Nothing. It is a meal.", "A boiled egg, as my grandfather did, and the newspaper from yesterday.",
		"Bread with tomato, and an espresso afterwards, never together.", "Franzbrötchen. I live in Hamburg, I have no choice.", "Cold rice pudding from the evening before. Do not knock it.",
	},
	"tent": {
		"Aeropress, a hand grinder that fits into it, and beans in a film tin. The rest is ballast.", "I carried a glass dripper through the Alps, and it came home in a bag, in many pieces.", "Coffee bags, like tea bags. I was rude about them for years.", "A titanium mug, because it is also the pot, the bowl and the hat.", "Ground at home, in portions, one for each morning. You lose a little, and you gain a lot of sleep.",
		"Wind shield. Without one the stove warms up the coast.", "I took a scale. In a tent. On a slope. It showed minus four.", "A cloth filter: weighs nothing, dries on the rucksack, and everybody asks what it is.", "Take twice the gas and half of the spoons.",
	},
	"rain": {
		"There is a bar behind the station with four seats and the best filter I know. With rain on the window it is even better.", "Go to the old fish hall on a Sunday and take the ferry afterwards. The coffee is fine, the view is better.", "The museum café by the canal. You may sit for three hours, and they bring water without being asked.", "Anything in the Schanze before ten. After ten it is pushchairs, and I say that as the owner of two.",
		"Stay in, brew for her, and go out when it stops. So on Tuesday.", "The bakery under the railway arch: plain coffee, perfect cardamom buns, steamed-up windows.", "Take the 62 to Finkenwerder and back, with a thermos. The cheapest harbour tour there is.", "Our open roastery, if it is the last Sunday. It smells like a sweater that somebody loves.",
	},
	"world": {
		"In Porto you would get something small, strong, and a glass of water with it.", "Here, “a coffee” is a big milky thing in a glass, and the spoon stands up in it.", "Ask for a filter in Naples and they look at you kindly and bring an americano.", "We have one roaster and eleven bakeries that have all bought the same machine.", "Cardamom, always, and nobody asks you whether you want it.",
		"Helsinki: filter, light, a bucket of it, and you pour the second one yourself.", "Hanoi: condensed milk, ice, and the patience to watch it drip.", "Melbourne: you cannot say “a coffee”. You will be interviewed.", "Addis: three rounds, popcorn, and the afternoon is over. I recommend it.", "In my village you get what there is, and it is on the house if you tell them where you come from.",
	},
	"cheap": {
		"A brush. Two euros, in the paint section.", "A second set of the cheap cups, so that I stop washing up at six in the morning.", "The spray bottle as well, also for the plants.", "A tray. Everything that spills, spills there.", "Labels with dates on the jars. I had been drinking last winter.", "A funnel for the portafilter. Nothing on the floor since.", "A good lamp over the corner. One sees what one does.",
		"A mirror under the portafilter. It was in the drawer with the dental things.", "Filtered water, if that counts as a thing.", "A rubber band around the plunger at 200 g. No more reading numbers before breakfast.", "Writing it down. A pencil on a string.",
	},
	"unused": {
		"I own three drippers and use the one that came free with a magazine.", "My scale has an app. I have never opened the app.", "I gave the distribution tool to my brother. He gave it to somebody else. I hear it is in {city} by now.", "A vacuum jar with a pump. It squeaks. I use the bag.", "A thermometer with a clip. I know what hot is, it turns out.", "A refractometer. I measured eleven cups and they were all coffee.",
		"Latte art pens. They were a present. They are still a present.", "A siphon. It looks wonderful on the shelf, where it will remain.", "A knock box, since I throw it all on the roses.", "Nothing. I am a saint, and my partner does not read this.",
	},
	"kettle": {
		"I pour from a milk jug, and it is fine.", "Please never upgrade. Enamel outlives us all.", "Back of a spoon! My aunt did that with beer.", "Mine is a tea pot with a chipped spout, and the chip makes the stream. I would not know how to replace it.", "I did upgrade, and what I miss is the whistle.", "Wait half a minute with the lid open and you have your 94 °C. That is the thermometer.", "Does it whistle in tune?", "Ours is from 1974 and has a dent from the move in 1991. We call it by name.",
	},
	"decaf": {
		"The decaf from Cauca. It tastes of plums. I read the label twice.", "Half and half, in the same grinder. Nobody has noticed.", "Chicory. I know. But with hot milk, on a Sunday.", "Decaf as a moka pot, with a piece of chocolate, and asleep by eleven.", "Rooibos made like an espresso. I regret nothing, apart from the cleaning.", "Finer than usual! Decaf runs faster, at least two clicks.", "I drink the real thing at nine and sleep like a stone. I am told that this is unbearable.", "Cascara, when there is some. Between tea and apple juice.",
	},
	"office": {
		"At ours there is a rota by now. The sceptic is on Thursdays and makes the best cup.", "Hand grinder in the drawer here too. I grind during the calls in which nobody can see me.", "I brought a cheap filter machine and good beans, and the queue is longer than for the lift.", "Mine asked me to stop the *noise*, not the coffee. So I grind at home.", "The one who asked you to stop drinks energy drinks, I suppose.", "There is a spreadsheet. I did not begin it. I only added the tab with the ratios.",
		"Careful, it ends with you descaling the machine of a company of two hundred.", "We are four in a workshop. The pot is from 1988, the beans are the {bean}, and nobody talks to customers before ten.", "I gave up and drink tea there. It makes the first one at home better.",
	},
	"sample": {
		"I found apricot and something like bread. No idea whether that is good.", "Cherry, cola, a bit thin at the end. I would buy it for filter and not for espresso.", "For me it was clean and a little boring. I have had worse problems.", "Brewed it three times: 17 g was best. Sweet, heavy, and gone too soon.", "I did not read the others and now I have: nobody says walnut? I say walnut.", "Too young still. I open the second half in a week.",
		"As an espresso it is a lemon. As a filter it is a lemonade. Buy it.", "My daughter, eleven, smelled it and said “raisins in a church”. I have nothing to add.", "A little papery at the end, which may be my papers.", "I would like another cup, and that was the question, was it not?",
	},
	"swap": {
		"I have a moka pot for three that nobody here uses. It goes to whoever comes by.", "Two bags of the Huila too many, closed. Swap for anything from Africa.", "A small jug, 350 ml, with a dent. Yours for the burrs, if they fit mine.", "Which make are the burrs?", "Looking for a hopper lid. Everybody has lost one, somebody must have found them.", "A box of size 02 papers. I have moved on to 01 and will not explain it.", "Aeropress, old model, new rubber. For a cup of coffee and a story.", "They fit. I write to you. This shelf is a blessing.", "A kettle that leaks only when you look at it. Free.",
	},
	"opinion": {
		"I like it with ice, all year.", "Most of the time I cannot tell 92 °C from 95, and neither can you.", "Latte art is a drawing that you then destroy with your face. I said what I said.", "A grinder you love beats a grinder that measures well.", "The second cup is always better, and it is never the second cup.", "Tasting notes should be one word. “Nice” is a word.", "Sugar is fine. It was always fine.", "Filter from a good machine beats mine by hand, and it has taken me two years to type this.",
		"Paper cups make everything taste of post office.", "Dark roast in a moka pot is the best thing that happens on a Sunday.", "Nobody needs a bloom of exactly 45 seconds. I wait until the song is over.", "This thread is the kindest argument on the whole internet.",
	},
	"guide": {
		"Water, with numbers for a few towns.", "Something about decaf: how it is made, and why it got good.", "Roasting at home, with a pan, just so that we value what you do.", "How to clean everything, in the order in which it matters.", "Brewing for ten, please. Before Christmas.", "French press! Nobody writes about it any more, and everybody has one.", "Reading a bag: what all the words on it mean.", "How you decide what to buy. Less a guide, more a story, but I would read it twice.",
	},
	"market": {
		"I am in, with a second thermos.", "Put me down for two.", "Only if it does not rain. Who am I kidding, I am there anyway.", "Which crane? There are three.", "The one with the lights, by the waffles. Where else?", "I come over from Bremen. If somebody brings the decaf I bring the biscuits.", "Not there, sadly. Drink one for me, and please take a picture of the thermos.", "I bring stickers for everybody who says the word “extraction” less than five times.",
	},
}
