"""A model for faster-whisper as small as they get, of weights by chance: what it hears is nonsense, the way is the real
one. English alone, since it has fewer words than a model of many languages."""

import json

import pytest

np = pytest.importorskip("numpy")
ctranslate2 = pytest.importorskip("ctranslate2", reason="faster-whisper is not installed: pip install '.[whisper]'")
tokenizers = pytest.importorskip("tokenizers", reason="faster-whisper is not installed: pip install '.[whisper]'")

WIDTH, HEADS, MELS, HEARD, SAID = 16, 2, 80, 1500, 448
WORDS = ["beach", "harbour", "north", "wind", "sea"]
SPECIAL = ["<|endoftext|>", "<|startoftranscript|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>",
           "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]  # fmt: skip
TIMES = [f"<|{number * 0.02:.2f}|>" for number in range(1501)]


def model_in(folder, *, seed=3):
    folder.mkdir()
    vocabulary = [*(f"\u0120{word}" for word in WORDS), *SPECIAL, *TIMES]
    _spec(vocabulary, np.random.default_rng(seed)).save(str(folder))
    told = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({each: place for place, each in enumerate(vocabulary)}, unk_token=vocabulary[0])
    )
    told.decoder = tokenizers.decoders.ByteLevel()
    told.add_special_tokens([*SPECIAL, *TIMES])
    told.save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MELS}))
    return folder


def _spec(vocabulary, chance):
    from ctranslate2.specs import WhisperSpec

    def some(*shape):
        return (chance.standard_normal(shape) * 0.3).astype("float32")

    def linear(spec, given, taken):
        spec.weight, spec.bias = some(given, taken), some(given)

    def norm(spec):
        spec.gamma, spec.beta = np.ones(WIDTH, "float32"), np.zeros(WIDTH, "float32")

    def attends(spec, *, to_itself):
        norm(spec.layer_norm)
        for place, each in enumerate(spec.linear):
            times = (3 if to_itself else 1 if place != 1 else 2) if place < len(spec.linear) - 1 else 1
            linear(each, WIDTH * times, WIDTH)

    def feeds(spec):
        norm(spec.layer_norm)
        linear(spec.linear_0, WIDTH * 2, WIDTH)
        linear(spec.linear_1, WIDTH, WIDTH * 2)

    spec = WhisperSpec(1, HEADS, 1, HEADS)
    for conv, taken in ((spec.encoder.conv1, MELS), (spec.encoder.conv2, WIDTH)):
        conv.weight, conv.bias = some(WIDTH, taken, 3), some(WIDTH)
    spec.encoder.position_encodings.encodings = some(HEARD, WIDTH)
    norm(spec.encoder.layer_norm)
    attends(spec.encoder.layer[0].self_attention, to_itself=True)
    feeds(spec.encoder.layer[0].ffn)
    spec.decoder.embeddings.weight = some(len(vocabulary), WIDTH)
    spec.decoder.position_encodings.encodings = some(SAID, WIDTH)
    norm(spec.decoder.layer_norm)
    spec.decoder.projection.weight = spec.decoder.embeddings.weight
    attends(spec.decoder.layer[0].self_attention, to_itself=True)
    attends(spec.decoder.layer[0].attention, to_itself=False)
    feeds(spec.decoder.layer[0].ffn)
    spec.register_vocabulary(vocabulary)
    spec.config.alignment_heads = [(0, 0)]
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.validate()
    spec.optimize(quantization="float32")
    return spec
