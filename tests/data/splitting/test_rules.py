"""Classes of text whose sentences are easily split wrongly, each sentence separated by " | "."""

from __future__ import annotations

import unicodedata

import pytest
import regex

from sentrep.data.splitting import terminals
from sentrep.data.splitting.punkt import Punkt
from sentrep.data.splitting.segment import Segmenter

SPACED = [
    "He gave up… | Then he slept… | She left. | “I thought…” | He paused.",
    'He gave up... | Then he slept... | She left. | "I thought..." | He paused.',
    "It was… well… odd. | I… I don’t know. | W… Well. | Go on…",
    "« Bonjour ! » dit-il. | « Ça va ? » | Elle rit. | « Oui. »",
    "«Oui.» | Elle rit. | « Non. » | Puis il partit.",
    "»Halt!«, rief er. | »Wer da?« | Er ging. | „Nein.“ | Sie kam. | „Ja“, sagte er.",
    "“Stop!” she cried. | “Is it far?” | ‘Go.’ | She went. | ‘Why?’ he asked.",
    '" Stop ! " he said . | " Go . " | They went . | \' Yes . \' | It was . | " No . "',
    "`` Go . '' | Then he left . | `` Why ? '' she asked .",
    "”Kom in!” sade hon. | ”Tack.” | ”Nej.”",
    "– Stój! – krzyknął. | – Kto tam? | — Стой! — крикнул он.",
    "—¿Vienes? —preguntó Ana. | —¡No! | ¿Por qué?",
    "What?! | No!!! | Really?!? | Кто там?.. | Никто.",
    "Great! 😀 | Thanks. 👍🏽 | Really?🎉 | Yes ❤️. | Next. 👨‍👩‍👧 | Bye! 🇩🇪🇫🇷 | Good. :-) | End.",
    "1. Wash the rice. | 2. Boil the water. | (3) Add salt. | 4) Stir. | IV. Eat. | a. Rest. | b) Sleep.",
    "- Wash the rice. | • Boil the water. | – Add salt. | 1.2. Stir. | A.1. Eat.",
    "Do this: 1. Wash it. | 2. Dry it. | Step 3. Eat it.",
    "See No. 5. | Look at Fig. 3 and Sec. 2. | Art. 12, p. 5, pp. 5–7 and vol. 2, Nr. 3. | Ch. XII.",
    "No. | I went. | No. 5 people came.",
    "See App. B, Thm. 2 and Def. 4. | Am 24. Dez. 2020. | Das 5. Gebot gilt. | En EE. UU. es tarde.",
    "Voir n.º 4, l’art. 5 et S. 12. | Vgl. Abb. 3, Bd. 2 und S. 12 ff. des Buchs. | Siehe Kap. 4.",
    "См. рис. 3, с. 12, т. 2 и т. д. | Он ушел. | В 1998 г. он умер.",
    "Am 3. Mai kam er. | Im 19. Jahrhundert war es so. | Es war 1995. | Dann ging er. | Ludwig XIV. war da.",
    "Es war der 3. 5. 2021. | Vom 3. bis 5. Juni, z. B. am 4. Juni. | Rund 2,5 Mio. Euro.",
    "At 5 p.m. she left the U.S. Navy. | At 3 a.m. he came. | J. R. R. Tolkien, Ph.D., met Dr. No.",
    "By D. W. Griffith and David F. La Roche. | You and I. | Did you see Albert I. Jones?",
    "One [ ... ] two. | The ( ! ) three. | Page 5. | See N°. 5.",
    "I like vitamin C. | It helps. | He lives in the U.S. | The end.",
    "Use v1.2.3. | See http://a.b/c?d=e.f for 2.5 of them. | Come at 10.30. | Or a@b.co.",
    "Yahoo!'s profits fell. | He won (!) it.",
    "The [...] thing (?) is odd. | (He stayed.) | Then he left (at 5).",
    "वह घर गया। | कौन था? | “बैठो।” | वह चुप रहा। | रामः गच्छति ॥ १ ॥ | सीता गच्छति ।",
    "هل ذهبت؟ | نعم. | قال: «لا.» | ثم خرج!",
    "Ποιος ήρθε; | Κανείς. | Ναι.",
    "เขาไปตลาด แล้วก็กลับบ้าน เวลา 9.30 น. ทุกวัน พ.ศ. 2500 | ",
    "“가자.”라고 그가 말했다. | “누구세요?” 하고 물었다. | 문이 닫혔다.",
]
TOGETHER = [
    "「はい。」と言った。|「もう遅い！」|彼は走った。|「『行く。』と言った。」|終わり（笑）。",
    "“好。”他说。|“走吧！”她喊道，“快！”|他走了。|他问：“谁？”|没人来。|「等等！」她大聲說。",
    "他问道：“谁？”|她笑着说：“我。”|“走吧！”|说着，他走了。|“好。”他说，然后走了。|“好！”|她点了点头。",
    "你好！😀|我很好。|你好吗?|我很好!|再见。",
    "他走了！！|真的？！|好……|",
    "温度は３．５度である．|次に進む．|１．洗う。|２．煮る。",
    "តើអ្នកមកទេ?|ទេ។|",
    "သူသွားသည်။|သူမရှိဘူး။",
]


@pytest.mark.parametrize("marked", SPACED)
def test_with_spaces(marked: str) -> None:
    sentences = [sentence.strip() for sentence in marked.split(" | ") if sentence.strip()]
    assert Segmenter(Punkt()).split(" ".join(sentences)) == sentences


@pytest.mark.parametrize("marked", TOGETHER)
def test_without_spaces(marked: str) -> None:
    sentences = [sentence for sentence in marked.split("|") if sentence]
    found = Segmenter(Punkt()).split("".join(sentences))
    assert found == sentences


def test_the_table_of_terminals_is_that_of_unicode() -> None:
    every = "".join(map(chr, range(0x110000)))
    different = set(regex.findall(r"\p{Sentence_Terminal}", every)) ^ set(terminals.SENTENCE_TERMINAL)
    assert {unicodedata.category(sign) for sign in different} <= {"Cn"}  # newer than one of the two


@pytest.mark.parametrize("sign", terminals.SENTENCE_TERMINAL)
@pytest.mark.parametrize(
    "pattern", ["Ana came{0} Then she slept{0}", "मैं घर {0} वहाँ कोई {0}", "“Go{0}” Then{0}{0}"]
)
def test_every_terminal_ends_a_sentence(sign: str, pattern: str) -> None:
    assert len(Segmenter(Punkt()).split(pattern.format(sign))) == 2


def test_lists_and_what_has_no_letters() -> None:
    split = Segmenter(Punkt()).split
    assert split("We need:\n- two eggs\n- milk") == ["We need:", "- two eggs", "- milk"]
    assert split("1. Wash\n2. Boil\n3. Stir") == ["1. Wash", "2. Boil", "3. Stir"]
    assert split("He left at the age of\n12. Then he came.") == ["He left at the age of 12.", "Then he came."]
    assert split("1.\n\nWash\n\n•\n\nBoil\n\n* * *\n\nStir") == ["1. Wash", "• Boil * * *", "Stir"]
    assert split("!!") == split("😀") == split("* * *") == []


@pytest.mark.parametrize(
    "text",
    [
        "Hello.|How are you?",
        "It works.|The rest is easy.|I know.",
        "Really?|Yes.| It is.",
        "“It works.|Then go!|Now.”",
        "Das geht.|Aber wie?",
        "See example.Com and file.Names.",
        "Node.js runs. |U.S.A too.",
        "Some animals, e.g.The cat, are here.",
        "Open index.php?Page=2 or www.example.The now.",
        "He joined Yahoo! in 1994. |Then he left.",
        "They saw Jeopardy! on TV.",
        "Stop! |he cried.",
        "བཀྲ་ཤིས་བདེ་ལེགས། |ང་བོད་པ་ཡིན། །|ཁྱེད་རང་གང་ནས་ཡིན།",
        "ආයුබෝවන්෴ |ඔබට කොහොමද෴",
        "จบตอนที่หนึ่ง๚ |เริ่มตอนที่สอง๛",
    ],
)
def test_missing_spaces_names_with_marks_and_terminals_of_scripts(text: str) -> None:
    expected = [sentence.strip() for sentence in text.split("|")]
    plain = text.replace("|", "")
    segmenter = Segmenter(Punkt())
    assert segmenter.split(plain) == expected
    assert [plain[start:end] for start, end in segmenter.spans(plain)] == expected
