"""Semi-supervised semantic parsing of generated smart-home commands: StructVAE with a few labels, with and
without other commands as unlabelled text.

Commands are generated from templates, with their meanings by `commands.grammar`. Some are labelled, some are
only text, some are held out. StructVAE is trained twice, on the labels alone and on labels and text; the
measure is the share of held-out commands whose whole meaning is right. It takes some minutes on one core.

    python scripts/commands/commands.py --out runs/commands --labels 60

"turn on the kitchen lights in ten minutes"
    (Switch to=On device=(Lights room="kitchen") after=(Minutes count="ten"))
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from sentrep import api
from sentrep.data.batch import SentenceBatch
from sentrep.data.config import CorpusConfig
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders.config import EncoderConfig
from sentrep.methods.struct_vae.config import StructVAEConfig
from sentrep.methods.struct_vae.derivations import DerivationModel
from sentrep.methods.struct_vae.logical_form import format_logical_form, parse_logical_form
from sentrep.methods.struct_vae.method import StructVAE
from sentrep.modules.reference_text import encode_plain
from sentrep.training.config import TrainingConfig

GRAMMAR = Path(__file__).with_name("commands.grammar")
ROOMS = [
    "kitchen",
    "hall",
    "cellar",
    "attic",
    "bathroom",
    "living room",
    "guest room",
    "bedroom",
    "garage",
    "study",
    "dining room",
]
NUMBERS = ["two", "three", "five", "ten", "twelve", "fifteen", "twenty", "thirty", "forty five"]
THINGS = [
    "the dishes",
    "the bins",
    "my keys",
    "a phone call",
    "the dentist",
    "some bread",
    "her birthday",
    "the laundry",
    "the car",
]
TITLES = [
    "blue",
    "night",
    "river",
    "golden",
    "train",
    "summer",
    "old",
    "road",
    "stars",
    "winter",
    "home",
    "dancing",
]
DEVICES = {
    "Lights": ["{room} lights", "lights in the {room}", "{room} lamps", "lamps of the {room}"],
    "Heating": ["{room} heating", "heating in the {room}", "{room} radiator", "radiator of the {room}"],
    "Fan": ["{room} fan", "fan in the {room}", "{room} ventilator", "ventilator of the {room}"],
}
POWER = {
    "On": [
        "turn on the {device}",
        "switch the {device} on",
        "the {device} should be on",
        "put on the {device}",
        "start the {device}",
    ],
    "Off": [
        "turn off the {device}",
        "switch the {device} off",
        "the {device} should be off",
        "stop the {device}",
        "kill the {device}",
    ],
}
SET = [
    "set the {device} to {level}",
    "put the {device} at {level}",
    "bring the {device} to {level}",
    "make the {device} {level}",
]
PLAY = [
    "play {what} in the {place}",
    "put on {what} in the {place}",
    "let the {place} hear {what}",
    "i want {what} in the {place}",
]
REMIND = [
    "remind me of {about} {after}",
    "do not let me forget {about} {after}",
    "tell me about {about} {after}",
]
TIME = {
    "Minutes": ["in {count} minutes", "after {count} minutes", "{count} minutes from now"],
    "Hours": ["in {count} hours", "after {count} hours", "{count} hours from now"],
}
POLITE = ["{}", "please {}", "{} please", "could you {}", "i would like you to {}"]


class Command(NamedTuple):
    """A sentence and its meaning."""

    text: str
    logical_form: str


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for commands and runs")
    parser.add_argument("--labels", type=int, default=60, help="labelled commands")
    parser.add_argument("--texts", type=int, default=3000, help="unlabelled commands")
    parser.add_argument("--held", type=int, default=300, help="held-out commands")
    parser.add_argument("--steps", type=int, default=300, help="batches of 64 texts")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    wanted = arguments.labels + arguments.texts + arguments.held
    commands = generate(wanted, arguments.seed)
    labelled, rest = commands[: arguments.labels], commands[arguments.labels :]
    held, texts = rest[: arguments.held], rest[arguments.held :]
    arguments.out.mkdir(parents=True, exist_ok=True)
    corpus, pairs = arguments.out / "commands.txt", arguments.out / "pairs.jsonl"
    corpus.write_text("\n".join(command.text for command in [*labelled, *texts]) + "\n", encoding="utf-8")
    pairs.write_text(
        "\n".join(json.dumps(command._asdict()) for command in labelled) + "\n", encoding="utf-8"
    )
    for name, weight in (("labels alone", 0.0), ("labels and texts", StructVAEConfig.unlabelled_weight)):
        run = arguments.out / name.replace(" ", "-")
        settings = StructVAEConfig(
            grammar=str(GRAMMAR), pairs=str(pairs), unlabelled_weight=weight, max_actions=24
        )
        training = TrainingConfig(
            steps=arguments.steps, batch_size=64, lr=2e-3, seed=arguments.seed, validation=0.0, keep_out=0.0
        )
        api.train(
            "struct-vae",
            corpus=CorpusConfig((str(corpus),), split="lines"),
            out=run,
            encoder=EncoderConfig("bag", width=128),
            tokenizer="word",
            settings=settings,
            training=training,
            cache=arguments.out / "cache",
            overwrite=True,
        )
        print(
            f"{name}: {100 * exact(run, held):.1f} of 100 meanings are right, with {arguments.labels} labels"
        )


def exact(run: Path, held: Sequence[Command]) -> float:
    """Share of the commands whose predicted meaning is completely right."""
    method, tokenizer = api.open_method(run)
    assert isinstance(method, StructVAE)
    assert isinstance(method.structures, DerivationModel)
    grammar = method.structures.grammar
    found = method.logical_forms(batch([command.text for command in held], tokenizer))
    right = 0
    for command, logical_form in zip(held, found, strict=True):
        actions = parse_logical_form(
            grammar, command.logical_form, lambda words: encode_plain(tokenizer, words)
        )
        right += logical_form == format_logical_form(grammar, actions, tokenizer.decode)
    return right / len(held)


def batch(texts: Sequence[str], tokenizer: Tokenizer) -> SentenceBatch:
    """A batch of sentences."""
    ids, lengths, _ = tokenizer.encode_batch(texts)
    each = torch.arange(len(texts))
    return SentenceBatch(
        torch.from_numpy(ids.astype("int64")), torch.tensor([0, *lengths.cumsum()]), each, each
    )


def generate(count: int, seed: int) -> list[Command]:
    """That many different commands."""
    dice, found = random.Random(seed), dict[str, Command]()
    while len(found) < count:
        command = one(dice)
        found.setdefault(command.text, command)
    return list(found.values())


def one(dice: random.Random) -> Command:
    """A random command."""
    kind, said = dice.choice(list(DEVICES)), dice.choice
    room, count, unit = said(ROOMS), said(NUMBERS), said(list(TIME))
    device, after = said(DEVICES[kind]).format(room=room), said(TIME[unit]).format(count=count)
    system, time = f'({kind} room="{room}")', f'({unit} count="{count}")'
    which = said(["Switch", "Switch", "Set", "Play", "Remind"])
    if which == "Switch":
        power, later = said(list(POWER)), dice.random() < 0.4
        text = said(POWER[power]).format(device=device) + (f" {after}" if later else "")
        logical_form = f"(Switch to={power} device={system}{f' after={time}' if later else ''})"
    elif which == "Set":
        text = said(SET).format(device=device, level=count)
        logical_form = f'(Set device={system} level="{count}")'
    elif which == "Play":
        what = " ".join(dice.sample(TITLES, dice.randint(1, 3)))
        text = said(PLAY).format(what=what, place=room)
        logical_form = f'(Play what="{what}" place="{room}")'
    else:
        about = said(THINGS)
        text = said(REMIND).format(about=about, after=after)
        logical_form = f'(Remind about="{about}" after={time})'
    return Command(said(POLITE).format(text), logical_form)


if __name__ == "__main__":
    main()
