#!/usr/bin/env bash
# A real Slurm of one machine, for tests:
#   tests/cluster/slurm.sh start FOLDER    installs Debian's slurm-wlm and munge where they are
#                                          absent, starts both, prints the environment
#   tests/cluster/slurm.sh stop FOLDER     ends every job and daemon of it and removes the folder;
#                                          the packages stay
# Needs Debian (or Ubuntu) and root, and refuses a machine that is part of another Slurm.
# Configuration, key, sockets and states lie in FOLDER; beside it there is only a link to the
# configuration at its usual place, because a job step of Snakemake does not pass SLURM_CONF on.
# Partitions: cpu, and gpu with one pretended GPU (gres), which Slurm counts and hands out.
set -euo pipefail

what=${1:?start or stop}
folder=${2:?a folder}
node=$(hostname -s)
port=${SLURM_TEST_PORT:-26817}
usual=/etc/slurm/slurm.conf
export SLURM_CONF=$folder/slurm.conf

install_packages() {
    if command -v slurmctld slurmd munged >/dev/null; then return; fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    # nothing is started by the packages themselves
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy
        # shellcheck disable=SC2064
        trap "rm -f $policy" EXIT
    fi
    apt-get install -qq -y --no-install-recommends slurm-wlm munge >&2
}

write_configuration() {
    mkdir -p "$folder"/{state,spool,munge}
    chmod 755 "$folder" && chmod 711 "$folder/munge"
    dd if=/dev/urandom of="$folder/munge/key" bs=128 count=1 status=none
    chmod 400 "$folder/munge/key"
    cat >"$folder/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
PluginDir=$(dirname "$(find /usr/lib -name auth_munge.so -path '*slurm*' | head -1)")
PlugStackConfig=$folder/plugstack.conf
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
KillWait=5
UnkillableStepTimeout=300
MinJobAge=600
# CPUs and memory are counted, but are as many as the jobs ask for, however small the machine
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2,batch_sched_delay=0
GresTypes=gpu
AccountingStorageType=accounting_storage/none
PrologSlurmctld=$folder/note
NodeName=$node NodeAddr=127.0.0.1 CPUs=8 RealMemory=16000 Gres=gpu:1 State=UNKNOWN
PartitionName=cpu Nodes=$node Default=YES MaxTime=2-0
PartitionName=gpu Nodes=$node MaxTime=2-0
END
    : >"$folder/gpu0" # stands for the device
    echo "NodeName=$node Name=gpu File=$folder/gpu0" >"$folder/gres.conf"
    : >"$folder/plugstack.conf"
    mkdir -p "$(dirname $usual)" && ln -sfn "$SLURM_CONF" $usual
    # there is no accounting database: a line a job, when it starts, says what it was given
    cat >"$folder/note" <<END
#!/bin/sh
SLURM_CONF=$SLURM_CONF $(command -v scontrol) --oneliner show job "\$SLURM_JOB_ID" >>$folder/started.txt
END
    chmod +x "$folder/note"
}

start() {
    if [ -e $usual ]; then
        echo "$usual: this machine is part of a Slurm; the tests need one that is not" >&2
        return 1
    fi
    install_packages
    write_configuration
    munged --force --socket="$folder/munge/socket" --key-file="$folder/munge/key" --pid-file="$folder/munge/pid" \
        --seed-file="$folder/munge/seed" --log-file="$folder/munge/log" >&2
    slurmctld -c >&2
    slurmd >&2
    for _ in $(seq 100); do
        if ! kill -0 "$(cat "$folder/slurmctld.pid")" 2>/dev/null; then break; fi
        if [ "$(sinfo --noheader --partition=cpu --format=%T 2>/dev/null)" = idle ]; then
            echo "SLURM_CONF=$SLURM_CONF"
            return
        fi
        sleep 0.2
    done
    echo "Slurm did not start; the last words of its logs:" >&2
    tail --lines=5 "$folder"/*.log >&2
    stop
    return 1
}

stop() {
    if kill -0 "$(cat "$folder/slurmctld.pid" 2>/dev/null)" 2>/dev/null; then
        timeout 10 scancel --full --signal=KILL --user=root || true
        timeout 10 scancel --user=root || true
        for _ in $(seq 100); do
            if [ -z "$(squeue --noheader)" ]; then break; fi
            sleep 0.2
        done
    fi
    for file in slurmd.pid slurmctld.pid munge/pid; do end "$folder/$file"; done
    if [ "$(readlink $usual)" = "$SLURM_CONF" ]; then rm $usual; fi
    rm -rf "$folder"
}

end() { # end FILE: end the process whose number a file holds, and wait for it
    local number
    if ! number=$(cat "$1" 2>/dev/null); then return; fi
    kill "$number" 2>/dev/null || return 0
    for _ in $(seq 100); do
        kill -0 "$number" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$number" 2>/dev/null || true
}

case $what in
start) start ;;
stop) stop ;;
*) echo "start or stop, not $what" >&2 && exit 2 ;;
esac
