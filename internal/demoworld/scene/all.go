package scene

// All are the pictures, in an order that never changes.
func All() []Picture {
	return []Picture{
		{"first-cup.jpg", "A petrol blue cup of coffee with a poured leaf of milk, from above, on a wooden table with a spoon and a few beans.", "cup", cupFromAbove, petrol, [3]string{}},
		{"bar-cup.jpg", "A brick red cup seen from above, milk poured into the shape of a leaf, beans scattered over light planks.", "cup", cupFromAbove, clay, [3]string{}},
		{"garden-cup.jpg", "A green cup and saucer from above with latte art, on a pale table.", "cup", cupFromAbove, sage, [3]string{}},
		{"rose-cup.jpg", "A rose coloured cup with a leaf of milk foam on it, from above.", "cup", cupFromAbove, rose, [3]string{}},
		{"morning-cup.jpg", "A steaming cup on a dark counter in front of a large orange sun.", "cup", cupFromTheSide, petrol, [3]string{}},
		{"evening-cup.jpg", "A steaming cup in front of a low sun, in the blue of late evening.", "cup", cupFromTheSide, dusk, [3]string{}},
		{"clay-cup.jpg", "A clay red cup with steam rising in three curls, a few beans beside it.", "cup", cupFromTheSide, clay, [3]string{}},
		{"window-cup.jpg", "A pale blue cup on a dark shelf, steam in front of a copper disc.", "cup", cupFromTheSide, snow, [3]string{}},
		{"rain-window.jpg", "A cup on a window sill; rain runs down the pane and the lights outside are blurred.", "rain", rain, petrol, [3]string{}},
		{"rain-evening.jpg", "Raindrops on a window at night, with an orange cup steaming on the sill.", "rain", rain, dusk, [3]string{}},
		{"rain-spring.jpg", "A rainy window with green and yellow lights behind it and a cup on the sill.", "rain", rain, sage, [3]string{}},

		{"harbour-dawn.jpg", "Three harbour cranes and a small ferry in front of a rising sun.", "place", harbour, petrol, [3]string{}},
		{"harbour-evening.jpg", "The harbour in the evening: cranes, warehouses and a ferry on dark water.", "place", harbour, dusk, [3]string{}},
		{"harbour-summer.jpg", "A summer morning in the harbour, warm light on the water and a ferry passing.", "place", harbour, sun, [3]string{}},
		{"harbour-winter.jpg", "Pale winter sun over harbour cranes and grey blue water.", "place", harbour, snow, [3]string{}},
		{"berlin-night.jpg", "Berlin at night: the television tower above roofs with lit windows.", "berlin", skyline, dusk, [3]string{}},
		{"berlin-blue.jpg", "The television tower in the last blue light, windows lit in the houses below.", "berlin", skyline, petrol, [3]string{}},
		{"berlin-rose.jpg", "A red evening sky behind the television tower and the roofs of Berlin.", "berlin", skyline, rose, [3]string{}},
		{"berlin-clay.jpg", "Roofs and lit windows in Berlin under a brown and orange sky.", "berlin", skyline, clay, [3]string{}},

		{"hills-green.jpg", "Rows of coffee shrubs with red cherries below layers of green hills.", "farm", farm, sage, [3]string{}},
		{"hills-gold.jpg", "Coffee rows in golden light, hills fading into the haze behind them.", "farm", farm, sun, [3]string{}},
		{"hills-dawn.jpg", "A coffee farm at dawn, blue hills and a low sun.", "farm", farm, petrol, [3]string{}},
		{"hills-rose.jpg", "Pink morning light over hills planted with coffee.", "farm", farm, rose, [3]string{}},
		{"branch-ripe.jpg", "A coffee branch with dark leaves and red, orange and green cherries.", "farm", branch, sage, [3]string{}},
		{"branch-light.jpg", "A branch heavy with ripe coffee cherries on a sand coloured ground.", "farm", branch, clay, [3]string{}},
		{"branch-blue.jpg", "A branch of coffee cherries against pale blue with an orange disc.", "farm", branch, snow, [3]string{}},
		{"map-huila.jpg", "A map of heights in bands of blue, a copper pin where the farm is.", "farm", contours, petrol, [3]string{}},
		{"map-sidama.jpg", "A map of heights in red and sand, with a pin on a slope.", "farm", contours, clay, [3]string{}},
		{"map-nyeri.jpg", "A map of heights in greens with a yellow pin.", "farm", contours, sage, [3]string{}},

		{"dripper-blue.jpg", "A kettle pours over a white dripper; coffee runs into a glass carafe.", "craft", dripper, petrol, [3]string{}},
		{"dripper-green.jpg", "Pour-over coffee in a green kitchen: kettle, dripper and carafe.", "craft", dripper, sage, [3]string{}},
		{"dripper-rose.jpg", "A dripper on its carafe in front of a yellow disc, water pouring from a kettle.", "craft", dripper, rose, [3]string{}},
		{"roaster-day.jpg", "The roaster: a petrol blue drum with a round window full of beans, two bags beside it.", "craft", roaster, petrol, [3]string{}},
		{"roaster-red.jpg", "A red drum roaster with beans cooling in the tray in front of it.", "craft", roaster, clay, [3]string{}},
		{"roaster-green.jpg", "A green roaster with a copper hopper, beans tumbling behind its window.", "craft", roaster, sage, [3]string{}},
		{"cupping-table.jpg", "Twelve white cupping bowls in three rows on a wooden table, from above.", "craft", table, petrol, [3]string{}},
		{"cupping-rows.jpg", "Rows of cupping bowls with foam on the coffee, seen from above.", "craft", table, rose, [3]string{}},
		{"shelf-full.jpg", "Two shelves of coffee bags in blue, copper and brown with simple shapes on their labels.", "craft", shelf, petrol, [3]string{}},
		{"shelf-warm.jpg", "Coffee bags in red and ochre on two wooden shelves.", "craft", shelf, clay, [3]string{}},
		{"shelf-spring.jpg", "Green and yellow coffee bags standing on two shelves.", "craft", shelf, sage, [3]string{}},

		{"winter-hut.jpg", "A small hut with lit windows among snowy firs under a full moon.", "winter", winter, snow, [3]string{}},
		{"winter-night.jpg", "Snow falling at night on a hut with a warm window.", "winter", winter, dusk, [3]string{}},
		{"iced-orange.jpg", "A tall iced coffee with milk, a straw and a slice of orange, in front of a sun.", "summer", iced, sun, [3]string{}},
		{"iced-blue.jpg", "Iced coffee in a tall glass with ice cubes and orange, on a blue table.", "summer", iced, petrol, [3]string{}},
		{"iced-rose.jpg", "A glass of iced coffee in layers of cream and brown on a pink table.", "summer", iced, rose, [3]string{}},

		{"beans-sand.jpg", "Coffee beans laid out on a sand coloured ground, seen from above.", "pattern", beans, petrol, [3]string{}},
		{"beans-green.jpg", "A pattern of coffee beans on pale green.", "pattern", beans, sage, [3]string{}},
		{"beans-rose.jpg", "Beans in rows on a rose coloured ground.", "pattern", beans, rose, [3]string{}},
		{"tiles-petrol.jpg", "Tiles of circles, quarter circles and coffee beans in blue, copper and cream.", "pattern", tiles, petrol, [3]string{}},
		{"tiles-sun.jpg", "A floor of tiles in yellow, orange and brown with coffee beans in it.", "pattern", tiles, sun, [3]string{}},

		{"poster-cupping.jpg", "A poster with a large coffee bean on circles. It reads: Open cupping, bring your nose.", "cupping", poster, petrol, [3]string{"Open", "cupping", "Bring your nose."}},
		{"poster-school.jpg", "A poster with geometric shapes. It reads: Brew school, two hours, one kettle.", "school", poster, sage, [3]string{"Brew", "school", "Two hours, one kettle."}},
		{"poster-harvest.jpg", "A yellow poster with a coffee bean. It reads: New harvest, just off the boat.", "harvest", poster, sun, [3]string{"New", "harvest", "Just off the boat."}},
		{"poster-thanks.jpg", "A rose coloured poster. It reads: Thank you, from all nineteen of us.", "thanks", poster, rose, [3]string{"Thank", "you", "From all nineteen of us."}},
		{"poster-winter.jpg", "A pale blue poster. It reads: Winter hours, we open at nine.", "hours", poster, snow, [3]string{"Winter", "hours", "We open at nine."}},
		{"poster-market.jpg", "A brick red poster with circles. It reads: Yard market, local makers and us.", "market", poster, clay, [3]string{"Yard", "market", "Local makers and us."}},
	}
}
