# viamillipede(1): completion for bash, made by "viamillipede completion bash".

# Sets takes to what follows keyword $2 on a line of kind $1; false: it is no keyword there.
__viamillipede_takes() {
	case "$1 $2" in
	'stream rx') takes='?@host ?@' ;;
	'stream tx') takes='@host ?@' ;;
	'stream via') takes='@device' ;;
	'stream rate') takes='@' ;;
	'stream spill') takes='never' ;;
	'stream sports') takes='balanced' ;;
	'stream file') takes='@file' ;;
	'stream resume') takes='' ;;
	'stream sync') takes='' ;;
	'stream exec') takes='@command' ;;
	'stream pty') takes='' ;;
	'stream name') takes='@' ;;
	'stream terminate') takes='@' ;;
	'stream initiate') takes='@host @' ;;
	'stream sidechain') takes='@command' ;;
	'stream keep') takes='?@' ;;
	'stream ssh') takes='?@host ?copy' ;;
	'stream peer') takes='file,initiate,sidechain,@command ?@file ?@host ?@ ?@' ;;
	'stream ports') takes='@' ;;
	'stream wire') takes='@' ;;
	'stream threads') takes='auto' ;;
	'stream verbose') takes='@' ;;
	'stream checksum') takes='' ;;
	'stream chaos') takes='@' ;;
	'stream checkphrase') takes='@' ;;
	'stream charmode') takes='' ;;
	'stream prbs') takes='@' ;;
	'stream leglimit') takes='@' ;;
	'stream delayus') takes='@' ;;
	'stream key') takes='@file' ;;
	'stream window') takes='@' ;;
	'stream leg') takes='@' ;;
	'stream early') takes='ok' ;;
	'stream giveup') takes='@' ;;
	'stream dead') takes='@' ;;
	'stream connect') takes='@' ;;
	'stream bind') takes='@' ;;
	'stream congestion') takes='system,auto' ;;
	'stream io') takes='auto,copy,splice' ;;
	'stream cpus') takes='auto,off' ;;
	'stream sockstats') takes='on,off' ;;
	'stream profile') takes='cpu,mem,allocs,heap,block,mutex,goroutine,threads,trace,clock @dir' ;;
	'stream ready') takes='@file' ;;
	'stream json') takes='@file' ;;
	'stream progress') takes='auto,on,off' ;;
	'stream size') takes='@' ;;
	'stream events') takes='-,@file' ;;
	'stream interval') takes='@' ;;
	'stream notify') takes='@command' ;;
	'stream metrics') takes='@' ;;
	'stream control') takes='off,@file' ;;
	'stream timestamps') takes='on,off' ;;
	'stream log') takes='journal,json,@file' ;;
	'stream limit') takes='@' ;;
	'stream help') takes='?--help,--version,-h,all,bench,bidir,bind,chaos,charmode,checkphrase,checksum,checksums,commands,completion,congestion,connect,control,cpus,dataport,dead,delayus,doctor,early,ends,events,exec,exit,file,giveup,gobench,help,initiate,interval,io,json,keep,key,keygen,lanes,leg,leglimit,limit,log,metrics,name,notify,paths,peer,pipes,ports,prbs,profile,progress,pty,rate,ready,reports,resume,rounds,rx,safety,seconds,set,sidechain,size,sockstats,speed,spill,sports,ssh,status,stop,sweep,sync,terminate,tests,threads,timestamps,top,tx,verbose,version,via,waiting,warmup,window,wire @' ;;
	'stream version') takes='@' ;;
	'stream completion') takes='bash,zsh,fish @' ;;
	'stream keygen') takes='@file @' ;;
	'stream doctor') takes='?@host ?json @' ;;
	'stream bench') takes='local,rx,tx,serve,diff @' ;;
	'stream lanes') takes='rx,tx @' ;;
	'stream status') takes='?@ ?json @' ;;
	'stream top') takes='?@ @' ;;
	'stream set') takes='@ giveup,limit,threads,verbose,rate,spill,path @ @' ;;
	'stream stop') takes='@ @' ;;
	'lanes rx') takes='?@' ;;
	'lanes tx') takes='@host ?@' ;;
	'lanes flows') takes='@' ;;
	'lanes seconds') takes='@' ;;
	'lanes connect') takes='@' ;;
	'lanes via') takes='@device' ;;
	'lanes sports') takes='balanced' ;;
	'lanes bind') takes='@' ;;
	'lanes svg') takes='@file' ;;
	'lanes json') takes='@file' ;;
	'lanes events') takes='-,@file' ;;
	'bench-diff threshold') takes='@' ;;
	'bench-diff only') takes='@' ;;
	'bench-local seconds') takes='@' ;;
	'bench-local warmup') takes='@' ;;
	'bench-local rounds') takes='@' ;;
	'bench-local sweep') takes='threads,window,leg,io,congestion,checksum,charmode,delayus,cpus,sockstats @' ;;
	'bench-local pipes') takes='' ;;
	'bench-local bidir') takes='' ;;
	'bench-local interval') takes='@' ;;
	'bench-local dataport') takes='@' ;;
	'bench-local json') takes='@file' ;;
	'bench-local gobench') takes='@file' ;;
	'bench-local events') takes='-,@file' ;;
	'bench-local threads') takes='auto' ;;
	'bench-local verbose') takes='@' ;;
	'bench-local checksum') takes='' ;;
	'bench-local chaos') takes='@' ;;
	'bench-local checkphrase') takes='@' ;;
	'bench-local charmode') takes='' ;;
	'bench-local prbs') takes='@' ;;
	'bench-local leglimit') takes='@' ;;
	'bench-local delayus') takes='@' ;;
	'bench-local key') takes='@file' ;;
	'bench-local window') takes='@' ;;
	'bench-local leg') takes='@' ;;
	'bench-local early') takes='ok' ;;
	'bench-local giveup') takes='@' ;;
	'bench-local dead') takes='@' ;;
	'bench-local connect') takes='@' ;;
	'bench-local bind') takes='@' ;;
	'bench-local congestion') takes='system,auto' ;;
	'bench-local io') takes='auto,copy,splice' ;;
	'bench-local cpus') takes='auto,off' ;;
	'bench-local sockstats') takes='on,off' ;;
	'bench-local profile') takes='cpu,mem,allocs,heap,block,mutex,goroutine,threads,trace,clock @dir' ;;
	'bench-local control') takes='off,@file' ;;
	'bench-rx rounds') takes='@' ;;
	'bench-rx interval') takes='@' ;;
	'bench-rx dataport') takes='@' ;;
	'bench-rx events') takes='-,@file' ;;
	'bench-rx threads') takes='auto' ;;
	'bench-rx verbose') takes='@' ;;
	'bench-rx checksum') takes='' ;;
	'bench-rx checkphrase') takes='@' ;;
	'bench-rx key') takes='@file' ;;
	'bench-rx window') takes='@' ;;
	'bench-rx leg') takes='@' ;;
	'bench-rx early') takes='ok' ;;
	'bench-rx giveup') takes='@' ;;
	'bench-rx dead') takes='@' ;;
	'bench-rx connect') takes='@' ;;
	'bench-rx bind') takes='@' ;;
	'bench-rx congestion') takes='system,auto' ;;
	'bench-rx io') takes='auto,copy,splice' ;;
	'bench-rx cpus') takes='auto,off' ;;
	'bench-rx sockstats') takes='on,off' ;;
	'bench-rx profile') takes='cpu,mem,allocs,heap,block,mutex,goroutine,threads,trace,clock @dir' ;;
	'bench-rx control') takes='off,@file' ;;
	'bench-rx rx') takes='?@' ;;
	'bench-tx seconds') takes='@' ;;
	'bench-tx warmup') takes='@' ;;
	'bench-tx rounds') takes='@' ;;
	'bench-tx sweep') takes='threads,window,leg,io,congestion,checksum,charmode,delayus,cpus,sockstats @' ;;
	'bench-tx pipes') takes='' ;;
	'bench-tx bidir') takes='' ;;
	'bench-tx interval') takes='@' ;;
	'bench-tx json') takes='@file' ;;
	'bench-tx gobench') takes='@file' ;;
	'bench-tx events') takes='-,@file' ;;
	'bench-tx threads') takes='auto' ;;
	'bench-tx verbose') takes='@' ;;
	'bench-tx checksum') takes='' ;;
	'bench-tx chaos') takes='@' ;;
	'bench-tx checkphrase') takes='@' ;;
	'bench-tx charmode') takes='' ;;
	'bench-tx prbs') takes='@' ;;
	'bench-tx leglimit') takes='@' ;;
	'bench-tx delayus') takes='@' ;;
	'bench-tx key') takes='@file' ;;
	'bench-tx window') takes='@' ;;
	'bench-tx leg') takes='@' ;;
	'bench-tx early') takes='ok' ;;
	'bench-tx giveup') takes='@' ;;
	'bench-tx dead') takes='@' ;;
	'bench-tx connect') takes='@' ;;
	'bench-tx bind') takes='@' ;;
	'bench-tx congestion') takes='system,auto' ;;
	'bench-tx io') takes='auto,copy,splice' ;;
	'bench-tx cpus') takes='auto,off' ;;
	'bench-tx sockstats') takes='on,off' ;;
	'bench-tx profile') takes='cpu,mem,allocs,heap,block,mutex,goroutine,threads,trace,clock @dir' ;;
	'bench-tx control') takes='off,@file' ;;
	'bench-tx tx') takes='@host ?@' ;;
	'bench-tx via') takes='@device' ;;
	'bench-tx rate') takes='@' ;;
	'bench-tx spill') takes='never' ;;
	'bench-tx sports') takes='balanced' ;;
	'bench-serve interval') takes='@' ;;
	'bench-serve dataport') takes='@' ;;
	'bench-serve events') takes='-,@file' ;;
	'bench-serve threads') takes='auto' ;;
	'bench-serve verbose') takes='@' ;;
	'bench-serve checksum') takes='' ;;
	'bench-serve checkphrase') takes='@' ;;
	'bench-serve key') takes='@file' ;;
	'bench-serve window') takes='@' ;;
	'bench-serve leg') takes='@' ;;
	'bench-serve early') takes='ok' ;;
	'bench-serve giveup') takes='@' ;;
	'bench-serve dead') takes='@' ;;
	'bench-serve bind') takes='@' ;;
	'bench-serve congestion') takes='system,auto' ;;
	'bench-serve io') takes='auto,copy,splice' ;;
	'bench-serve cpus') takes='auto,off' ;;
	'bench-serve sockstats') takes='on,off' ;;
	'bench-serve profile') takes='cpu,mem,allocs,heap,block,mutex,goroutine,threads,trace,clock @dir' ;;
	'bench-serve control') takes='off,@file' ;;
	'bench-serve serve') takes='?@' ;;
	*) return 1 ;;
	esac
}

# Sets words to the keywords of a line of kind $1: with * they may be repeated, and with ! they have to come first.
__viamillipede_words() {
	case $1 in
	stream) words='rx* tx* via* rate* spill* sports* file* resume sync exec pty name terminate initiate sidechain* keep ssh* peer* ports wire threads verbose checksum chaos checkphrase charmode prbs leglimit delayus key window leg early giveup dead connect bind congestion io cpus sockstats profile ready json progress size events interval notify metrics control timestamps log* limit help! version! completion! keygen! doctor! bench! lanes! status! top! set! stop!' ;;
	lanes) words='rx tx flows seconds connect via* sports* bind svg json events' ;;
	bench-diff) words='threshold only*' ;;
	bench-local) words='seconds warmup rounds sweep* pipes bidir interval dataport json gobench events threads verbose checksum chaos checkphrase charmode prbs leglimit delayus key window leg early giveup dead connect bind congestion io cpus sockstats profile control' ;;
	bench-rx) words='rounds interval dataport events threads verbose checksum checkphrase key window leg early giveup dead connect bind congestion io cpus sockstats profile control rx' ;;
	bench-tx) words='seconds warmup rounds sweep* pipes bidir interval json gobench events threads verbose checksum chaos checkphrase charmode prbs leglimit delayus key window leg early giveup dead connect bind congestion io cpus sockstats profile control tx* via* rate* spill* sports*' ;;
	bench-serve) words='interval dataport events threads verbose checksum checkphrase key window leg early giveup dead bind congestion io cpus sockstats profile control serve' ;;
	esac
}

# Adds what an argument $1 may be to COMPREPLY.
__viamillipede_argument() {
	local part parts
	IFS=, read -ra parts <<<"$1"
	for part in "${parts[@]}"; do
		case $part in
		@) ;;
		@file)
			compopt -o filenames 2>/dev/null
			mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur")
			;;
		@dir)
			compopt -o filenames 2>/dev/null
			mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$cur")
			;;
		@host) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -A hostname -- "$cur") ;;
		@command) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$cur") ;;
		@device) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$(command ls /sys/class/net 2>/dev/null)" -- "$cur") ;;
		*) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$part" -- "$cur") ;;
		esac
	done
}

_viamillipede() {
	local cur=${COMP_WORDS[COMP_CWORD]} line=stream from=1 used=' ' i word known takes words
	local -a pending=()
	COMPREPLY=()
	if ((COMP_CWORD > 1)); then
		case ${COMP_WORDS[1]} in
		'lanes') line=lanes from=2 pending=() ;;
		esac
	fi
	if ((COMP_CWORD > 2)); then
		case "${COMP_WORDS[1]} ${COMP_WORDS[2]}" in
		'bench diff') line=bench-diff from=3 pending=('@file' '@file') ;;
		'bench local') line=bench-local from=3 pending=() ;;
		'bench rx') line=bench-rx from=2 pending=() ;;
		'bench tx') line=bench-tx from=2 pending=() ;;
		'bench serve') line=bench-serve from=2 pending=() ;;
		esac
	fi
	for ((i = from; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]} known=
		__viamillipede_takes "$line" "$word" && known=1
		while [[ $known && ${pending[0]-} == \?* && ,${pending[0]#\?}, != *,"$word",* ]]; do
			pending=("${pending[@]:1}")
		done
		if ((${#pending[@]})); then
			pending=("${pending[@]:1}")
		elif [[ $known ]]; then
			read -ra pending <<<"$takes"
			used+="$word "
		fi
	done
	for word in "${pending[@]}"; do
		__viamillipede_argument "${word#\?}"
		[[ $word == \?* ]] || return 0
	done
	__viamillipede_words "$line"
	for word in $words; do
		case $word in
		*!) ((COMP_CWORD == 1)) || continue ;;
		*\*) ;;
		*) [[ $used != *" $word "* ]] || continue ;;
		esac
		word=${word%[*!]}
		[[ $word == "$cur"* ]] && COMPREPLY+=("$word")
	done
	return 0
}

complete -F _viamillipede viamillipede
