package demoworld

// named are people whose name or handle is not made of the families below.
var named = [][2]string{
	{"佐藤 美咲", "misaki.sato"}, {"田中 健太", "kenta_t"}, {"山口 ゆき", "yuki-drip"}, {"中村 蓮", "ren.nakamura"},
	{"王小明", "xiaoming_w"}, {"林雅婷", "yating.lin"}, {"陳志豪", "chihhao"}, {"张伟", "zhangwei88"},
	{"김서연", "seoyeon.k"}, {"박지훈", "jihoon_brews"}, {"이하은", "haeun.lee"},
	{"ليلى حداد", "layla.haddad"}, {"عمر الفاروق", "omar_f"}, {"نور الدين", "noureddine"}, {"سارة منصور", "sara.mansour"}, {"يوسف بن علي", "youssef-bali"},
	{"נועה לוי", "noa.levi"}, {"איתי כהן", "itay_k"}, {"مریم کاظمی", "maryam.k"}, {"رضا احمدی", "reza-ahmadi"},
	{"Олена Шевченко", "olena.sh"}, {"Дмитро Бондар", "dbondar"}, {"Милица Јовановић", "milica_j"}, {"Мария Иванова", "maria.ivanova"},
	{"Νίκος Παπαδόπουλος", "nikos.pap"}, {"Ελένη Γεωργίου", "eleni_g"}, {"สมชาย ใจดี", "somchai.j"}, {"ณัฐธิดา ศรีสุข", "natthida"},
	{"प्रिया शर्मा", "priya.sharma"}, {"अर्जुन मेहता", "arjun_mehta"}, {"தமிழ்ச்செல்வி", "tamilselvi"}, {"ანა ბერიძე", "ana.beridze"}, {"Արամ Սարգսյան", "aram_s"},
	{"María de los Ángeles Fernández-Villaverde y Ortiz", "marian.fv"},
	{"Adunni Oluwaseyi Adebayo-Ogunlesi", "seyi_adebayo"},
	{"Wolfgang-Maximilian Freiherr von Hohenstein-Lindau", "womax"},
	{"Rindrasoa Andriamanantena Rakotomalala", "rindra"},
	{"Wiebke Harms", "wiebke.harms"}, {"Torben Clausen", "torbenc"}, {"Anke Lüders", "anke_lueders"}, {"Malte Voss", "malte.voss"},
	{"Bo", "bo"}, {"Xi Ng", "xi.ng"}, {"☕ Tilda", "tilda_pours"}, {"Jo-Ann O’Brien", "joann.obrien"}, {"D’Angelo Reyes", "dangelo"},
	// Those who also write to the brand on the demo network: see known.
	{"Mira Kovač", "mira_k"}, {"Adaeze Obi", "adaeze"}, {"Oliver Webb", "oliver_w"}, {"Sofia Reyes", "sofia_r"}, {"Kenji Mori", "kenji"},
}

// early are those who have something to say in their own language, and joined
// when the community opened.
var early = []string{"layla.haddad", "omar_f", "yuki-drip", "kenta_t", "wiebke.harms", "torbenc", "anke_lueders", "malte.voss", "mira_k", "adaeze", "oliver_w", "sofia_r", "kenji"}

// families are first names, and last names between commas, that go together.
var families = [][2]string{
	{"Lena Jonas Merle Henrik Svea Fiete Anke Torben Kaja Malte Wiebke Ole Greta", "Petersen,Brandt,Lüders,Hansen,Clausen,Möller,Krüger,Voss,Thießen,Behrens,Schröder,Harms"},
	{"Katarzyna Paweł Zofia Michał Agnieszka Łukasz Hania Bartosz", "Nowak,Wójcik,Zieliński,Lewandowska,Kaczmarek,Dąbrowski,Król,Szymańska"},
	{"Inês Tiago Beatriz Rui Matilde Duarte Catarina Gonçalo", "Ferreira,Carvalho,Teixeira,Moreira,Antunes,Lourenço,Pinto,Vaz"},
	{"Sofía Mateo Lucía Andrés Valentina Joaquín Camila Ignacio", "Rodríguez,Herrera,Castaño,Muñoz,Ibáñez,Quispe,Salazar,Peña"},
	{"Chiara Lorenzo Giulia Matteo Elisa Davide Bianca Nicolò", "Rossi,Conti,Marchetti,Ferrara,Gallo,De Luca,Bassi,Serra"},
	{"Camille Hugo Manon Étienne Chloé Baptiste Inès Rémi", "Lefèvre,Moreau,Garnier,Besson,Chevalier,Roussel,Perrin,Faure"},
	{"Saga Emil Freja Nils Astrid Oskar Ingrid Søren Maja", "Lindgren,Bergström,Nyberg,Kjær,Østergaard,Holm,Dahl,Ekström"},
	{"Femke Daan Lotte Bram Sanne Jurre Noor Thijs", "de Vries,Bakker,van Dijk,Visser,Smit,Hoekstra,Mulder,Jansen"},
	{"Elif Emre Zeynep Kerem Defne Baran Selin Mert", "Yılmaz,Kaya,Öztürk,Çelik,Şahin,Aydın,Koç,Arslan"},
	{"Amara Chidi Ngozi Tunde Folake Emeka Zainab Kofi Abena", "Okafor,Adeyemi,Mensah,Eze,Balogun,Nwosu,Owusu,Boateng"},
	{"Wanjiru Kamau Achieng Otieno Nyambura Kiprono Hiwot Dawit Selam", "Mwangi,Odhiambo,Kariuki,Cheruiyot,Tesfaye,Bekele,Haile,Njoroge"},
	{"Emma Callum Niamh Rhys Isla Ewan Freya Dylan Saoirse", "Walsh,Fraser,Morgan,Hughes,Byrne,Sinclair,Whitaker,Ashworth,Pritchard"},
	{"Avery Jordan Maya Caleb Hazel Miles Tessa Owen", "Nguyen,Brooks,Castillo,Feldman,Whitfield,Tran,Sullivan,Park"},
	{"Ananya Rohan Kavya Vikram Meera Aditya Ishita Nikhil", "Iyer,Deshpande,Banerjee,Reddy,Kulkarni,Menon,Chopra,Bose"},
	{"Linh Minh Thảo Quang Hương Khoa Trang Bảo", "Trần,Lê,Phạm,Đặng,Vũ,Hoàng,Bùi,Đỗ"},
	{"Ioana Radu Petra Tomáš Zsófia Bence Jana Marek", "Popescu,Ionescu,Novák,Dvořáková,Kovács,Szabó,Horváth,Svoboda"},
	{"Aino Eero Kaisa Mart Liis Juhani Elina Rasmus", "Virtanen,Korhonen,Mäkinen,Tamm,Saar,Nieminen,Heikkilä,Lepik"},
	{"Siti Putri Budi Dewi Agus Rina Arif Marisol Jericho", "Wijaya,Santoso,Lestari,Pratama,Santos,Reyes,Cruz,Halim"},
}

var bios = []string{
	"Moka pot since childhood, V60 since last spring.", "Two kids, one grinder, no time. ☕️🙃", "I fix bicycles and drink washed Ethiopians.",
	"Espresso before nine, filter after.", "Former barista, now I sit in front of a screen like everybody.", "Trying to like naturals. 🍓 Getting there.",
	"Berlin → Hamburg. I brought the kettle.", "Nurse on night shift. Strong opinions about thermos flasks.", "Learning latt\u00e9 art one ugly heart at a time 🤍",
	"Decaf is coffee too.", "I keep a notebook of every cup. Ask me about March.", "Tea drinker, undercover.", "Retired, so I have time to weigh things.",
	"Aeropress in a rucksack 🏔️", "Postgraduate in soil science. Yes, I will talk about water.", "Cooks for a living, brews for calm.",
	"Home roaster of very uneven beans 🔥", "Qahwa with cardamom on Fridays, everything else during the week.", "I only came for the stickers. I stayed.",
	"日本からドイツに来ました。コーヒーとパンが好き。🥐", "Ich mag es dunkel, und ich stehe dazu.", "أحب القهوة السوداء والكتب القديمة 📚",
}

var staffBios = map[string]string{
	teamManager:    "Planning at Northwind. If a bag is late, it was me.",
	teamStrategist: "Looks after the green coffee and the spreadsheets about it.",
	teamCreator:    "Takes the pictures. Drinks the props.",
	teamAnalyst:    "Numbers at Northwind, moka pot at home.",
	teamCommunity:  "Answers here on weekdays. Tea in the afternoon, please forgive me.",
}

var joinAnswers = []string{
	"V60 in the morning, moka pot on Sundays.", "With an old lever machine that I got from my uncle.", "French press, but I am curious.", "Aeropress at work, nothing at home yet.",
	"Small single boiler machine and a hand grinder.", "Filter machine, freshly ground.", "Turkish pot, slowly.", "Cold brew all summer, filter when it rains.", "Espresso, two a day, never after four.",
	"Chemex, because of the looks. Then because of the taste.",
}

// strangers wait to be let in.
var strangers = []struct{ name, handle, answer string }{
	{"Ilse van den Berg", "ilse.vdb", "Mostly filter, with a plastic dripper and a hand grinder. I took part in your Saturday course in October and would like to go on learning."},
	{"Tarek Nasser", "tarek.n", "Turkish coffee from my grandmother’s pot, and a small espresso machine that I fight with. A friend (Chiara) told me to ask here."},
}
