"""Short queries over the sample world with the episode that answers each: its rare words, and the
same matter in other words.
"""

NAMED = {
    "Leuconostoc": "Cabbage and salt",
    "lignum vitae": "Salt in the bearings",
    "pentosan": "Rye does not listen",
    "Derek bicycle bus": "The school run on two wheels",
    "Auvergne": "Gears for hills that never end",
    "Sandy Island": "The island that was never there",
    "Mercator": "Mercator had a boat in mind",
    "Oort cloud": "A comet that forgot to shine",
    "San Francisco starter": "A starter has a memory",
    "Regenwürmer": "Was der Boden im Winter tut",
    "springtails": "What a spadeful holds",
    "porpoise hydrophone": "The turbine that learned to wait",
}
PARAPHRASED = {
    "an adult leads pupils to class in a cycling convoy": "The school run on two wheels",
    "should parents let kids beat them at board games": "Playing against your father",
    "resting bread overnight in the cold makes it tastier": "The long cold night of a dough",
    "fermenting vegetables with lactic microbes": "Cabbage and salt",
    "low ratios help on steep climbs": "Gears for hills that never end",
    "fixing a flat at the roadside": "A puncture in the rain",
    "surplus energy that cannot be exported": "When the grid said no",
    "laying an undersea power line": "A cable across the bay",
    "lubrication of submerged machinery": "Salt in the bearings",
    "should I clean the optics of my instrument": "Dust on the mirror",
    "less public lighting so that more stars are visible": "The dark between the lamps",
    "a phantom landmass that cartographers drew in error": "The island that was never there",
    "measuring ocean depth before modern instruments": "Soundings with a lump of tallow",
    "clothes as cheap acoustic treatment for vocals": "One microphone and a wardrobe",
    "electrical buzz in recordings": "The hum of the house",
    "pleasant distortion of analogue equipment": "Why old tape sounds warm",
    "dynamics processing explained simply": "Compression without tears",
    "keeping vegetable seeds for next year": "Saving seed in envelopes",
    "find out which type of earth your garden has": "Clay, sand and patience",
    "playing chess by correspondence": "A letter game over eleven months",
}
