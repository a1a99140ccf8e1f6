"""Tiny speech models with random weights in the real formats. They recognise nothing."""

import json
import random
import struct
from pathlib import Path

PHONES = (1, 2, 3)
"""Silence, and one phone for each of the words yes and no."""


def build_vosk(folder: Path, ceps: int = 13, seed: int = 1) -> Path:
    """Writes a Kaldi nnet3 model as Vosk reads it.

    It is one affine layer over MFCCs, and a graph in which any word follows any other.

    Formats: Kaldi's text form of TransitionModel and Nnet3, OpenFst's binary vector fst.
    """
    for place in ("am", "conf", "graph/phones"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    number = random.Random(seed)

    def row(count: int) -> str:
        return " ".join(f"{number.gauss(0, 1):.4f}" for _ in range(count))

    transitions = (
        "<TransitionModel>\n<Topology>\n<TopologyEntry>\n<ForPhones>\n1 2 3\n</ForPhones>\n"
        "<State> 0 <PdfClass> 0 <Transition> 0 0.5 <Transition> 1 0.5 </State>\n<State> 1 "
        "</State>\n"
        "</TopologyEntry>\n</Topology>\n"
        "<Triples> 3\n1 0 0\n2 0 1\n3 0 2\n</Triples>\n<LogProbs>\n [ 0"
        + " -0.6931" * 6
        + " ]\n</LogProbs>\n</TransitionModel>\n"
    )
    weights = "\n".join(row(ceps) for _ in PHONES)
    network = (
        f"<Nnet3>\n\ninput-node name=input dim={ceps}\ncomponent-node name=affine "
        "component=affine input=input\n"
        "output-node name=output input=affine objective=linear\n\n<NumComponents> 1\n"
        f"<ComponentName> affine <FixedAffineComponent> <LinearParams>  [\n{weights} ]\n"
        f"<BiasParams>  [ {row(len(PHONES))} ]\n"
        "</FixedAffineComponent>\n</Nnet3>\n<LeftContext> 0 <RightContext> 0 <Priors>  [ ]\n"
    )
    (folder / "am/final.mdl").write_text(transitions + network)
    (folder / "conf/mfcc.conf").write_text(
        f"--sample-frequency=16000\n--num-ceps={ceps}\n--use-energy=false\n"
    )
    decoding = {
        "min-active": 10,
        "max-active": 100,
        "beam": 8.0,
        "lattice-beam": 1.0,
        "acoustic-scale": 1.0,
    }
    decoding |= {"frame-subsampling-factor": 1, "endpoint.silence-phones": 1}
    (folder / "conf/model.conf").write_text("".join(f"--{k}={v}\n" for k, v in decoding.items()))
    (folder / "graph/words.txt").write_text("<eps> 0\n!SIL 1\nyes 2\nno 3\n#0 4\n")
    (folder / "graph/phones/word_boundary.int").write_text("1 nonword\n2 singleton\n3 singleton\n")
    # Transition ids of phone p: 2p goes on, 2p - 1 stays. Kaldi's graphs enter a phone by the one
    # that goes on.
    enter = [(2 * p, p if p > 1 else 0, 3.0, p) for p in PHONES]
    arcs = [enter, *([(2 * p - 1, 0, 0.1, p), *enter] for p in PHONES)]
    (folder / "graph/HCLG.fst").write_bytes(_vector_fst([None, 0.0, 0.0, 0.0], arcs))
    return folder


def _vector_fst(finals: list[float | None], arcs: list[list[tuple[int, int, float, int]]]) -> bytes:
    """Returns OpenFst's binary form of final weights and arcs (input, output, weight, next)."""
    names = b"".join(struct.pack("<i", len(n)) + n for n in (b"vector", b"standard"))
    count = sum(len(a) for a in arcs)
    parts = [
        struct.pack("<i", 2125659606),
        names,
        struct.pack("<iiQqqq", 2, 0, 3, 0, len(finals), count),
    ]
    for final, leaving in zip(finals, arcs, strict=True):
        parts.append(struct.pack("<fq", float("inf") if final is None else final, len(leaving)))
        parts += [struct.pack("<iifi", *arc) for arc in leaving]
    return b"".join(parts)


def build_whisper(folder: Path, languages: tuple[str, ...] = ("en", "de"), seed: int = 1) -> Path:
    """Writes a Whisper model for faster-whisper, with CTranslate2's own converter."""
    import torch
    from ctranslate2.converters import TransformersConverter
    from transformers import (
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
    )

    source = folder.parent / f"{folder.name}-transformers"
    source.mkdir(parents=True)
    specials = _tokenizer(source, languages)
    size = max(specials.values()) + 1
    torch.manual_seed(seed)
    config = WhisperConfig(
        vocab_size=size,
        num_mel_bins=80,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        decoder_start_token_id=specials["<|startoftranscript|>"],
        bos_token_id=specials["<|endoftext|>"],
        eos_token_id=specials["<|endoftext|>"],
        pad_token_id=specials["<|endoftext|>"],
        suppress_tokens=[],
        begin_suppress_tokens=[],
    )
    model = WhisperForConditionalGeneration(config)
    model.generation_config = GenerationConfig(
        lang_to_id={f"<|{x}|>": specials[f"<|{x}|>"] for x in languages},
        alignment_heads=[[0, 0]],
        suppress_tokens=[],
        begin_suppress_tokens=[],
        no_timestamps_token_id=specials["<|notimestamps|>"],
        is_multilingual=True,
        decoder_start_token_id=specials["<|startoftranscript|>"],
        eos_token_id=specials["<|endoftext|>"],
        pad_token_id=specials["<|endoftext|>"],
    )
    model.save_pretrained(source)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(source)
    TransformersConverter(str(source), copy_files=["tokenizer.json"]).convert(str(folder))
    return folder


def _tokenizer(folder: Path, languages: tuple[str, ...]) -> dict[str, int]:
    """Writes a byte-level tokenizer with Whisper's special tokens and returns their ids."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import WhisperTokenizerFast  # type: ignore[attr-defined]

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={c: n for n, c in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    names = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{x}|>" for x in languages)]
    names += [
        "<|translate|>",
        "<|transcribe|>",
        "<|startoflm|>",
        "<|startofprev|>",
        "<|nospeech|>",
        "<|notimestamps|>",
    ]
    names += [f"<|{n * 0.02:.2f}|>" for n in range(1501)]
    tokenizer.add_special_tokens([AddedToken(n, special=True) for n in names])
    tokenizer.save(str(folder / "tokenizer.json"))
    wrapped = WhisperTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<|endoftext|>", bos_token="<|endoftext|>"
    )
    wrapped.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "special_ids.json").write_text(
        json.dumps(ids := {n: tokenizer.token_to_id(n) for n in names})
    )
    return ids  # type: ignore[return-value]
