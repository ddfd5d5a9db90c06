# SPDX-License-Identifier: GPL-2.0-or-later
# Edits files of a kernel's source by the names of functions, since places and context differ between series.
# usage: awk -v base=DIRECTORY -v source=DIRECTORY -v out=DIRECTORY -f edit.awk EDITS; changed and new files are written
# below OUT. Those that are in BASE are taken from there.
#
# Text before the first command is for the reader. Lines with "+" before them belong to the command above them:
#   on EDITS                 the source is what these have left (see make_patch.sh)
#   file FILE...             the first of these that the source has is edited from here on
#   new FILE                 a file of these lines
#   include FILE             an #include behind the first one
#   before FUNCTION          puts the lines before its definition
#   start FUNCTION           puts them behind its opening brace
#   above FUNCTION TEXT      puts them before the first line of it that has the text
#   below FUNCTION TEXT      puts them behind the statement in which that line is
#   instead FUNCTION TEXT    puts them in the place of the statement that begins in that line
#   replace FUNCTION OLD ==> NEW   the first time that it is in it
# FUNCTION may be several names with "|" between them: the first that is defined counts; "-" is the whole file.

function die(why) {
	print FILENAME ": " command " " arguments ": " why >"/dev/stderr"
	failed = 1
	exit 1
}

function save(file, lines, n, i) {
	system("mkdir -p '" out "/" file "' && rmdir '" out "/" file "'")
	for (i = 1; i <= n; i++)
		print lines[i] >(out "/" file)
	close(out "/" file)
}

function read_file(path, line) {
	count = 0
	while ((getline line <path) > 0)
		text[++count] = line
	close(path)
	return count
}

function load_file(names, n, parts, i) {
	n = split(names, parts, " ")
	for (i = 1; i <= n; i++) {
		current = parts[i]
		if (read_file(base "/" current) || read_file(source "/" current))
			return
	}
	die("there is no such file")
}

# Makes line AT the first of the added ones, which take the place of GONE lines.
function splice(at, gone, i) {
	for (i = count; i >= at + gone && added > gone; i--)
		text[i + added - gone] = text[i]
	for (i = at + gone; i <= count && added < gone; i++)
		text[i + added - gone] = text[i]
	for (i = 1; i <= added; i++)
		text[at + i - 1] = plus[i]
	count += added - gone
}

# Whether the function's name, which ends in "(" or ",", is in a line at the margin, and a body follows.
function is_definition(line, name, at, i) {
	at = index(text[line], name)
	if (text[line] !~ /^[A-Za-z_]/ || !at || substr(text[line], at + length(name), 1) !~ /[(,]/ ||
	    (at > 1 && substr(text[line], at - 1, 1) ~ /[A-Za-z0-9_]/))
		return 0
	for (i = line; i <= count && text[i] !~ /^\{/; i++)
		if (text[i] ~ /;[ \t]*$/)
			return 0
	begin = i
	for (end = begin; end < count && text[end] !~ /^\}/;)
		end++
	for (head = line; text[head - 1] ~ /^[A-Za-z_]/ && text[head - 1] !~ /[;:]$/;)
		head--
	return 1
}

function find_function(names, n, parts, k, i) {
	if (names == "-") {
		head = begin = 1
		end = count
		return
	}
	n = split(names, parts, "|")
	for (k = 1; k <= n; k++)
		for (i = 1; i <= count; i++)
			if (is_definition(i, parts[k]))
				return
	die("there is no such function in " current)
}

function line_with(what, i) {
	for (i = head; i <= end; i++)
		if (index(text[i], what))
			return i
	die("there is no such text in " current)
}

function end_of_statement(line) {
	while (line < end && text[line] !~ /;[ \t]*$/)
		line++
	return line
}

function replace(old, new, line, at) {
	line = line_with(old)
	at = index(text[line], old)
	text[line] = substr(text[line], 1, at - 1) new substr(text[line], at + length(old))
}

function run(name, rest, line, at) {
	if (command == "on")
		return
	if (command == "new") {
		save(arguments, plus, added)
		return
	}
	if (command == "file") {
		if (current) save(current, text, count)
		load_file(arguments)
		return
	}
	if (command == "include") {
		for (line = 1; line <= count && text[line] !~ /^#include/;)
			line++
		plus[added = 1] = "#include " arguments
		splice(line + 1, 0)
		return
	}
	name = arguments
	sub(/ .*/, "", name)
	rest = substr(arguments, length(name) + 2)
	find_function(name)
	if (command == "before") splice(head, 0)
	else if (command == "start") splice(begin + 1, 0)
	else if (command == "above") splice(line_with(rest), 0)
	else if (command == "below") splice(end_of_statement(line_with(rest)) + 1, 0)
	else if (command == "instead") {
		line = line_with(rest)
		splice(line, end_of_statement(line) - line + 1)
	} else {
		at = index(rest, " ==> ")
		replace(substr(rest, 1, at - 1), substr(rest, at + 5))
	}
}

/^\+/ { plus[++added] = substr($0, 2); next }
{
	if (command) run()
	command = ""
	added = 0
}
$1 ~ /^(on|file|new|include|before|start|above|below|instead|replace)$/ {
	command = $1
	arguments = substr($0, length($1) + 2)
}
END {
	if (failed) exit 1
	if (command) run()
	if (current) save(current, text, count)
}
