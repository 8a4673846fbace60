"""What the page and the terminal say around the claims."""

from __future__ import annotations

from ._text import Text

SKIP = Text("Skip to the content", "跳到正文")
THEME = Text("Light or dark", "浅色或深色")
TITLE = Text("Why a non-linearity, and why so often ReLU?", "为什么需要非线性，又为什么常常是 ReLU？")
LEAD = Text(
    "The classic account, claim by claim. Each claim was put to the test on one machine while this page was made: every number below was "
    "measured there, and each verdict follows from the numbers by the rule that stands beside it.",
    "经典的说法，逐条检验。每条论断都在制作本页时在一台机器上做了实验：下面的每个数都是在那里测得的，每个结论都按旁边写明的规则由这些数得"
    "出。",
)
PLAYGROUND_LINK = Text(
    "Or kill some units yourself, in a network that trains in this page.", "或者自己动手，在本页里训练一个网络，杀死几个单元。"
)
OVERVIEW = Text("What came out", "结果一览")
CLAIM = Text("claim", "论断")
VERDICT = Text("verdict here", "此处的结论")
SECONDS = Text("time", "用时")
EXPERIMENT = Text("Experiment.", "实验：")
EVIDENCE = Text("Evidence.", "证据：")
VERDICT_RULE = Text("How the verdict follows.", "结论如何得出：")
ALTERNATIVE = Text("The figure in words", "图的文字说明")
OUTPUT = Text("It prints", "它打印")
READ_CURVES = Text("Arrow keys move along the curves", "方向键沿曲线移动")
SLOPE = Text("slope", "斜率")
MEASURED_ON = Text("Measured on", "测量所用机器")
SEED = Text("First seed", "起始种子")
ALL_TOOK = Text("All experiments together took", "全部实验共用时")
AGAIN = Text("Make it again on your own machine", "在你自己的机器上再做一遍")

ALL_NUMBERS = Text("All numbers, in rows", "全部数字，行数")
FORMULA = Text("Formula", "公式")

PLAYGROUND = Text("A network to try it on", "亲手试试的网络")
PLAYGROUND_LEAD = Text(
    "This network trains in the page, with nothing but the gradient descent of a few lines of JavaScript. Take the learning rate to the "
    "right and watch units die; take the activation away and watch it fail on XOR; put sigmoid into five layers and watch nothing happen.",
    "这个网络就在页面里训练，只用几行 JavaScript 写的梯度下降。把学习率往右拉，看单元死去；去掉激活函数，看它在异或上失败；把 sigmoid 放"
    "进五层，看什么都不发生。",
)
PLAYGROUND_NEEDS = Text("This part needs JavaScript. Everything above reads without it.", "这一部分需要 JavaScript。上面的内容都不需要。")
TASK = Text("task", "任务")
ACTIVATION = Text("activation", "激活函数")
NO_ACTIVATION = Text("none: a linear stack", "无：线性网络")
INITIALISATION = Text("initialisation", "初始化")
INITIALISATIONS = {"default": Text("torch's default", "torch 默认"), "he": Text("He", "He")}
RATE = Text("learning rate", "学习率")
DEPTH = Text("hidden layers", "隐藏层数")
WIDTH = Text("units in a layer", "每层单元数")
STEP = Text("step", "步")
LOSS = Text("loss", "损失")
RIGHT = Text("right", "正确率")
DEAD = Text("dead units", "死单元")
UNITS = Text("Units: the bar is the share of points on which gradient passes", "单元：柱高是有梯度通过的点的比例")
ONE_STEP = Text("One step", "走一步")
AGAIN_SAME = Text("Start again", "重新开始")
OTHER_WEIGHTS = Text("Other weights", "换一组权重")

SCRIPT_WORDS = {
    "train": Text("Train", "训练"),
    "pause": Text("Pause", "暂停"),
    "layer": Text("layer {number}", "第 {number} 层"),
    "open": Text("gradient passes on {share} % of the points", "{share} % 的点上有梯度通过"),
    "died": Text("dead since step {step}", "第 {step} 步起死去"),
    "bornDead": Text("dead before the first step", "第一步之前就已死去"),
    "deadOf": Text("{dead} of {units}", "{dead} / {units}"),
    "status": Text(
        "Step {step}: loss {loss}, {right} % of the points right, {dead} of {units} units dead.",
        "第 {step} 步：损失 {loss}，{right} % 的点正确，{units} 个单元中 {dead} 个死去。",
    ),
    "diverged": Text("Diverged at step {step}: the loss is no longer a number.", "第 {step} 步发散：损失不再是数。"),
    "field": Text(
        "Map of the plane, coloured by the network's answer, with the points of both classes. {right} % of them are right.",
        "平面图，按网络的回答着色，并画出两类的点。其中 {right} % 正确。",
    ),
    "curve": Text("The loss through the steps, logarithmic; now {loss}.", "各步的损失，对数；现在为 {loss}。"),
}
"""What the script of the network says; names in braces are filled in by it."""
