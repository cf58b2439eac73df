"""Small texts of many layouts, each with the texts (paragraphs, headlines, sentences) that it holds."""

from __future__ import annotations

import textwrap

PROSE = (
    "The village lay in a hollow between two hills, and nobody who lived there had ever seen the sea. "
    "“Is it far?” the boy would ask. His grandmother did not know. She had once met Mr. Hale, who had been a "
    "sailor; he had spoken of waves as high as the church tower, and of fish that flew. It was long ago!"
)
GERMAN = (
    "Der alte Bahnhof am Rand der Stadt wurde im Herbst geschlossen, weil kaum noch "
    "Züge dort hielten. Nun soll "
    "das Gebäude zu einer Bibliothek werden. Der Rat hat dem Plan am Montag "
    "zugestimmt, doch die Kosten sind noch "
    "offen. Eine Schule und ein Verein wollen die Räume im ersten Stock gemeinsam nutzen."
)
CHINESE = "他说他要走了，可是谁也不知道他往哪里去。天黑了，路上没有人。" * 4
JAPANESE = "雨が降っていたので、私たちは家にいた。午後になると空が明るくなり、子供たちは外へ出て遊んだ。" * 3
RUSSIAN = (
    "Старый мост через реку закрыли весной, когда лёд повредил две опоры. С тех пор "
    "жители ездят в город через "
    "соседнюю деревню. Ремонт обещают закончить к осени, но рабочих пока никто не видел."
)
HINDI = (
    "गाँव के पास एक पुराना कुआँ था जिसमें अब पानी नहीं रहता। बच्चे वहाँ शाम को खेलने जाते थे और देर से लौटते थे। "
    "उनकी माँ हर दिन उन्हें समझाती थी। फिर भी कोई नहीं मानता था।"
)
FRENCH = (
    "Le vieux moulin était fermé depuis dix ans quand la famille l'acheta. « Il faudra "
    "tout refaire », dit le "
    "père. Personne ne répondit. Au printemps, pourtant, la roue tournait de nouveau, "
    "et l'on entendait l'eau "
    "jusqu'au village."
)
KOREAN = (
    "그는 오래된 마을에서 태어나 그곳에서 평생을 살았다. 사람들은 그를 좋은 이웃으로 "
    "기억했다. 봄이 오면 그는 "
    "언제나 정원에 나가 꽃을 심었고, 여름에는 아이들에게 이야기를 들려주었다."
)
ARABIC = (
    "كان هناك رجل يعيش في قرية صغيرة قرب البحر. كان يخرج كل صباح ليصطاد السمك ثم يعود "
    "مساء إلى بيته. أحبه أهل "
    "القرية لأنه كان كريما. هل عرفتم اسمه؟ لا أحد يعرف."
)


def wrapped(*paragraphs: str, width: int) -> str:
    return "\n\n".join("\n".join(textwrap.wrap(part, width, break_on_hyphens=False)) for part in paragraphs)


def cut(text: str, width: int) -> str:
    """Lines of text without spaces."""
    return "\n".join(text[i : i + width] for i in range(0, len(text), width))


SEPARATE: dict[str, str] = {
    "headlines": """Council backs plan for new tram line
Rain delays start of harvest again
Museum to reopen after long repairs
Farm prices fall for a third month""",
    "headlines of one length": """Mayor opens the new town library
Storm leaves the coast in ruins
Clubs agree on a common fixture
Judge rejects the last petition""",
    "headlines in title case": """Why the Old Bridge Will Not Be Rebuilt
Ten Things That We Learned This Week
How a Small Town Saved Its Theatre""",
    "headlines with some stops": """Is the party over? Voters decide today
U.S. exports fall again
Dr. Smith wins prize
Ferry firm cuts timetable""",
    "titles of papers": """Attention Is All You Need
A Neural Probabilistic Language Model
Distributed Representations of Words and Phrases and their Compositionality
On the Properties of Neural Machine Translation: Encoder-Decoder Approaches""",
    "queries": """how to remove rust from a bike chain
best pizza near the station
weather tomorrow
what does a catalytic converter do
cheap flights to lisbon in may""",
    "queries of one length": """how to boil an egg soft
where to buy green tea
when does summer begin
who wrote the tempest""",
    "queries, some with marks": """how tall is the eiffel tower?
tallest towers in europe
is tea better than coffee?
tea or coffee""",
    "products": """Acme Steel Water Bottle 750 ml, Blue
USB-C cable 2 m braided
Garden hose set with 12 fittings
LED desk lamp, dimmable (black)""",
    "products in small letters": """wireless mouse with usb receiver
cotton t-shirt size l grey
running shoes for women blue
stainless steel frying pan 28 cm""",
    "verse": """The fog came down upon the silent town,
And no one saw the lanterns on the quay,
The ships were waiting for the wind to turn,
And gulls were crying from the hidden sea.""",
    "verse with stops": """I had a garden by the wall.
It had no flowers there at all
But only weeds and stones and snow
Where nothing that I loved would grow.
And still I went there every day
To pull the weeds and stones away""",
    "verse in small letters": """rain on the roof
a dog somewhere far off
the clock has stopped
nobody minds""",
    "ingredients": """2 cups of flour
1 tsp. salt
a pinch of nutmeg
3 large eggs, beaten
250 ml milk""",
    "an address": """Northern Lamp Company
14 Harbour St.
Flat 3
Port Ellery 40213""",
    "subtitles": """I don't know where he went
Did you look in the garden
He never goes there at night
Then we should wait for him""",
    "subtitles in small letters": """wait for me
i'm coming as fast as i can
we don't have all day
ok ok""",
    "names": "Ada Lovelace\nAlan Turing\nGrace Hopper\nEdsger Dijkstra",
    "tags": "python\nmachine learning\nnatural language processing\nsearch",
    "commits": """Add a reader for tables
Fix the count of lines in empty files
Rename the option that cuts sentences
Remove what nobody used""",
    "Chinese headlines": (
        "市政府批准新建电车线路\n连日降雨推迟秋收\n博物馆修缮后重新开放\n农产品价格连续三月下跌"
    ),
    "Chinese headlines of one length": (
        "市府批准新建电车线\n降雨再次推迟秋收了\n博物馆修缮后将开放\n农产品价格连续下跌"
    ),
    "Chinese headlines with commas": (
        "国足客场告负，出线形势严峻\n油价下调，加满一箱少花十元\n"
        "多地降温，专家提醒注意保暖\n票房破亿，导演感谢各地观众"
    ),
    "Chinese queries": "怎么去除衣服上的油渍\n附近的面馆\n明天天气\n感冒了可以喝咖啡吗",
    "Chinese verse": "床前明月光\n疑是地上霜\n举头望明月\n低头思故乡",
    "Chinese verse with stops": "床前明月光，\n疑是地上霜。\n举头望明月，\n低头思故乡。",
    "Chinese products": "不锈钢保温杯500毫升\n棉质短袖T恤灰色L码\n无线鼠标静音款\n儿童雨衣蓝色",
    "Japanese headlines": (
        "市議会が新しい路面電車を承認\n長雨で収穫が遅れる\n"
        "博物館が修理を終えて再開\n農産物価格が三か月連続で下落"
    ),
    "German headlines": """Rat stimmt neuer Straßenbahn zu
Regen verzögert erneut die Ernte
Museum öffnet nach langer Pause
Preise fallen im dritten Monat""",
    "Russian headlines": """Совет одобрил новую линию трамвая
Дожди снова задержали уборку урожая
Музей откроется после ремонта
Цены падают третий месяц подряд""",
    "reviews": """Broke after a week
nice colour but far too small
four stars
Came in time. No complaints
cheap and cheerful""",
    "chat": """i thought we would meet at eight
sorry, the train was late
fine. let us start then
who has the keys
they are on your desk""",
    "captions": """a dog sleeping under a wooden bench
two women carrying baskets of apples
an old tram in the rain
a child with a paper kite""",
    "Chinese headlines with some stops": (
        "新桥今日通车 市民免费乘坐\n大雨来了！学校停课一天\n周末去哪玩：城郊三处好去处\n医生：天冷少喝凉水"
    ),
    "Chinese subtitles": "你昨天去哪里了\n我在学校等你\n好吧，我们走\n别忘了带伞",
    "Chinese ingredients": "鸡蛋 3个\n面粉 半斤\n盐 适量\n清水 一碗",
    "Chinese addresses": "北河市东城区和平路12号\n南山县新华街5号2楼\n西塘镇人民路88号",
    "verse, each line a sentence or not": """I hear the rain upon the shed.
My brother is asleep in bed;
He will not see me standing here
To count the drops that disappear.""",
    "song with a refrain in small letters": """Down the road we go
oh down the road
Never looking back
oh never back""",
    "paragraphs": f"{PROSE}\n{PROSE}\n{PROSE}",
    "groups of titles in small letters": """steel bottle for tea and coffee, 750 ml, with a lid and a loop
garden hose set with twelve fittings
the box holds two of them. It has no lid

wireless mouse with receiver
running shoes for women, light and wide, with a sole of natural rubber
desk lamp with a heavy foot

frying pan of stainless steel""",
    "sentences": """The cat sat.
Was it glad, one wondered?
“It was.”
Mr. Hale agreed with all of that, more or less.
The end!""",
    "tokenised sentences": "the cat sat on the mat .\nwas it glad ?\nit was , he said .\nwell .\nyes .",
    "Chinese sentences": "他走了。\n你为什么不去呢？\n“我不知道。”\n天黑了，路上没有人。\n好。",
}
"""Each line is a text of its own."""

JOINED: dict[str, tuple[str, list[str]]] = {
    "prose at 72 columns": (wrapped(PROSE, PROSE, width=72), [PROSE, PROSE]),
    "prose at 60 columns, one paragraph": (wrapped(PROSE, width=60), [PROSE]),
    "prose at 40 columns": (wrapped(PROSE, PROSE, width=40), [PROSE, PROSE]),
    "prose at 30 columns": (wrapped(PROSE, width=30), [PROSE]),
    "a paragraph of two lines": (
        "The quick brown fox jumps over the lazy dog and then it goes to the\nriver where it drinks.",
        ["The quick brown fox jumps over the lazy dog and then it goes to the river where it drinks."],
    ),
    "German prose": (wrapped(GERMAN, width=66), [GERMAN]),
    "Russian prose": (wrapped(RUSSIAN, width=60), [RUSSIAN]),
    "Hindi prose": (wrapped(HINDI, width=50), [HINDI]),
    "Chinese prose": (cut(CHINESE, 25), [CHINESE]),
    "Japanese prose": (cut(JAPANESE, 30), [JAPANESE]),
    "prose full of names": (
        wrapped(
            "The Line Committee met in Port Ellery on Monday. Mayor Anna Hale and Tom Brown of the Harbour "
            "Board spoke for the Bridge Plan. Captain Lund of the Ferry Company, who had come from Norbury, "
            "spoke against it. The Council of Port Ellery will vote in May.",
            width=46,
        ),
        [
            "The Line Committee met in Port Ellery on Monday. Mayor Anna Hale and Tom Brown of the Harbour "
            "Board spoke for the Bridge Plan. Captain Lund of the Ferry Company, who had come from Norbury, "
            "spoke against it. The Council of Port Ellery will vote in May."
        ],
    ),
    "French prose": (wrapped(FRENCH, width=55), [FRENCH]),
    "Korean prose": (wrapped(KOREAN, width=40), [KOREAN]),
    "Arabic prose": (wrapped(ARABIC, width=50), [ARABIC]),
    "lowercased prose": (wrapped(PROSE.lower(), width=60), [PROSE.lower()]),
    "e-mail": (
        "Hi Tom,\n\nthanks for the notes that you sent on Friday. I read them on the "
        "train\nand have only one "
        "question: who pays for the hall? Please let me know\nbefore the meeting.\n\nBest wishes\nAnna",
        [
            "Hi Tom,",
            "thanks for the notes that you sent on Friday. I read them on the train "
            "and have only one question: "
            "who pays for the hall? Please let me know before the meeting.",
            "Best wishes",
            "Anna",
        ],
    ),
    "quoted e-mail": (
        "> I have looked at the plan for the garden and I think that it will\n> not "
        "work, since the wall is too "
        "low. We should ask the\n> neighbours first.",
        [
            "> I have looked at the plan for the garden and I think that it will not "
            "work, since the wall is too "
            "low. We should ask the neighbours first.",
        ],
    ),
    "a list within prose": (
        "Please bring the following things with you when you come to the house\non Friday evening, since the "
        "shops will be closed until Monday:\n- bread\n- milk and some of the butter "
        "that is left over from the "
        "last time\n  we were there\n- eggs\n\nThank you for your help, which we have "
        "needed more than once this "
        "year.",
        [
            "Please bring the following things with you when you come to the house on "
            "Friday evening, since the "
            "shops will be closed until Monday:",
            "- bread",
            "- milk and some of the butter that is left over from the last time we were there",
            "- eggs",
            "Thank you for your help, which we have needed more than once this year.",
        ],
    ),
    "a heading above prose": (
        "CHAPTER I\nThe Village\n\n" + wrapped(PROSE, width=70),
        ["CHAPTER I", "The Village", PROSE],
    ),
    "paragraphs by indentation": (
        "\n".join(
            "\n".join(textwrap.wrap(part, 68, initial_indent="    ", break_on_hyphens=False))
            for part in (PROSE, GERMAN, PROSE)
        ),
        [PROSE, GERMAN, PROSE],
    ),
    "verse within prose": (
        wrapped(PROSE, width=72) + "\n\nThe fog came down upon the silent town,\n"
        "And no one saw the lanterns on the quay,\n"
        "The ships were "
        "waiting for the wind to turn,\nAnd gulls were crying from the hidden sea.\n\n"
        + wrapped(PROSE, width=72),
        [
            PROSE,
            "The fog came down upon the silent town,",
            "And no one saw the lanterns on the quay,",
            "The ships were waiting for the wind to turn,",
            "And gulls were crying from the hidden sea.",
            PROSE,
        ],
    ),
    "hyphens at the margin": (
        "The committee agreed on a long-\nterm plan for the harbour, which had been "
        "closed to all\nships since "
        "the spring. Nobody objected.",
        [
            "The committee agreed on a long-term plan for the harbour, which had been "
            "closed to all ships since "
            "the spring. Nobody objected."
        ],
    ),
    "a manual page": (
        "NAME\n       count - count the lines of files\n\nSYNOPSIS\n       count [-a] [-z] FILE...\n\n"
        "DESCRIPTION\n       Write for each file the number of its lines to the standard\n"
        "       output. Without a file, or where the file is a dash, read the\n"
        "       standard input. A last line without an end counts as well.\n\n"
        "       -a\n           Count all lines, also the empty ones, as long as they do not\n"
        "           end the file.\n\n"
        "       -q\n           be quiet\n\n"
        "       -v\n           print more\n\n"
        "       -x\n           do not cross file systems\n\n"
        "       -z\n           Lines end with a null, not with a new line, so that names of\n"
        "           files can be counted.\n\n"
        "FILES\n       /etc/count\n       /etc/count.d/local\n       /etc/count.d/default\n\n"
        "SEE ALSO\n       wc(1), grep(1)",
        [
            "NAME",
            "count - count the lines of files",
            "SYNOPSIS",
            "count [-a] [-z] FILE...",
            "DESCRIPTION",
            "Write for each file the number of its lines to the standard output. Without a file, or where "
            "the file is a dash, read the standard input. A last line without an end counts as well.",
            "-a",
            "Count all lines, also the empty ones, as long as they do not end the file.",
            "-q",
            "be quiet",
            "-v",
            "print more",
            "-x",
            "do not cross file systems",
            "-z",
            "Lines end with a null, not with a new line, so that names of files can be counted.",
            "FILES",
            "/etc/count",
            "/etc/count.d/local",
            "/etc/count.d/default",
            "SEE ALSO",
            "wc(1), grep(1)",
        ],
    ),
    "dialogue": (
        "“Where have you been all this time, and why did you not write to us "
        "even\nonce?” she asked.\n“At sea,” "
        "he said, “and there was no paper on the ship, nor anyone who could\nhave "
        "taken a letter home.”\n“I see.”",
        [
            "“Where have you been all this time, and why did you not write to us even once?” she asked.",
            "“At sea,” he said, “and there was no paper on the ship, nor anyone who "
            "could have taken a letter home.”",
            "“I see.”",
        ],
    ),
}
"""Texts with lines broken at a margin, and the paragraphs that they hold."""
