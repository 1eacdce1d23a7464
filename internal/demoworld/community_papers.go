package demoworld

import "rapport/internal/document"

// papers are the documents of the demo's community.
var papers = map[string]string{
	document.Guidelines: `We are here because of coffee. These few rules keep it pleasant for everybody.

### 1. Be kind
Talk as you would at our counter. Tastes differ, and nobody has to defend theirs.

### 2. Nobody is put down
Not for where they come from, what they believe or whom they love, and not for sugar in their cup either.

### 3. Say what you did
Grams, seconds, degrees. Advice is only as good as the question.

### 4. Keep private things private
No names, addresses or messages of others without their yes.

### 5. No advertising
You may mention your own work where it answers a question, and say that it is yours. No links for the sake of links.

### 6. Stay on the subject
One question, one topic. Begin a new one when the talk has moved on.

## When a rule is broken
We hide what breaks a rule and say which one and why. If you think we are wrong, write to community@northwind.example: somebody else looks at it again.`,
	document.Terms: `## What this is
The community of Northwind Coffee, for people who like to brew. It costs nothing and you may leave whenever you like.

## What you write
It stays yours. You let us show it here for as long as you do not take it back.

## What we may do
We may hide what breaks the [guidelines](guidelines), and suspend accounts that go on breaking them. We say why.

## What we do not promise
Advice here comes from people who mean well. Read the manual before you open your machine.`,
	document.Privacy: `## What we keep
Your name, your e-mail address, what you write here and when you were last here.

## What for
So that you can sign in, be answered and be found by others, if you want to be. We sell nothing and show no advertisements.

## For how long
Until you leave. You choose then whether your words stay, without your name, or go.

## Your rights
You can take all your data along from your settings, and ask us anything at privacy@northwind.example.`,
	document.Imprint: `Northwind Coffee is an invented roastery, made to show this program.

Northwind Coffee GmbH (invented)
Kaispeicher 4, 20457 Hamburg
hello@northwind.example

Responsible for what stands here: Robin Demo`,
}

const hiddenWhy = "This is an advertisement for a shop, and the same text stands under three topics."
